// The guides' texts as elements: the part of Markdown that they use. Headings (`## Text {#id}`), paragraphs, lists, tables, code between
// fences with a title behind the language, `> ` for notes, and in a line: `code`, **strong**, and [links](address). A line `@name argument`
// stands for a part that can be used; who shows the guide says what it is. `cargo xtask build` replaces `@example name` by that file of
// `src/client/examples/`, as code.

import { panel } from "./code.js";
import { el, heading, slug } from "./dom.js";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)/g;

/** A line's text as nodes. */
export function line(text) {
  const result = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, strong, label, href] = match;
    result.push(text.slice(end, match.index));
    if (code) result.push(el("code", {}, code));
    else if (strong) result.push(el("strong", {}, line(strong)));
    else result.push(el("a", { href, ...(href.startsWith("#") ? {} : { target: "_blank", rel: "noreferrer" }) }, line(label)));
    end = match.index + whole.length;
  }
  result.push(text.slice(end));
  return result;
}

const cells = (row) => row.replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

/** A table that scrolls in itself where it is wider than its place. */
export function table(head, rows, label) {
  const column = (cell) => el("th", { scope: "col" }, cell);
  return el(
    "div",
    { class: "ref-scroll", tabIndex: 0, role: "group", "aria-label": label },
    el("table", {}, el("thead", {}, el("tr", {}, head.map(column))), el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell)))))),
  );
}

/**
 * A guide's text as elements. The first heading of level 2 is its title, whose id is `id`; headings below get that id and their own text.
 * `parts` makes what stands for `@name argument`.
 */
export function guide(text, id, parts = {}) {
  const lines = text.split("\n");
  const result = [];
  let at = 0;
  let title = "";
  const take = (is) => {
    const taken = [];
    while (at < lines.length && is(lines[at])) taken.push(lines[at++]);
    return taken;
  };
  while (at < lines.length) {
    const current = lines[at];
    const head = /^(#{2,4}) (.+?)(?: \{#([\w-]+)\})?$/.exec(current);
    if (head) {
      at += 1;
      const level = head[1].length;
      if (level === 2) title = head[2];
      result.push(heading(level, level === 2 ? id : head[3] ?? `${id}-${slug(head[2])}`, line(head[2])));
    } else if (current.startsWith("```")) {
      const [, language, name] = /^```(\w*)\s*(.*)$/.exec(current);
      at += 1;
      const body = take((line) => line !== "```");
      at += 1;
      result.push(panel(name || language, body.join("\n"), language));
    } else if (current.startsWith("@")) {
      at += 1;
      const [, name, argument] = /^@(\w+)\s*(.*)$/.exec(current);
      result.push(parts[name](argument));
    } else if (current.startsWith("|")) {
      const [first, , ...rest] = take((line) => line.startsWith("|")).map(cells);
      result.push(table(first.map(line), rest.map((row) => row.map(line)), `Table in "${title}"`));
    } else if (/^(-|\d+\.) /.test(current)) {
      const tag = current.startsWith("-") ? "ul" : "ol";
      const items = [];
      for (const text of take((line) => /^(-|\d+\.|  ) ?\S/.test(line))) {
        if (text.startsWith("  ")) items[items.length - 1] += ` ${text.trim()}`;
        else items.push(text.replace(/^(-|\d+\.) /, ""));
      }
      result.push(el(tag, {}, items.map((item) => el("li", {}, line(item)))));
    } else if (current.startsWith("> ")) {
      const text = take((line) => line.startsWith("> ")).map((line) => line.slice(2)).join(" ");
      result.push(el("p", { class: "ref-note" }, line(text)));
    } else if (current.trim() === "") {
      at += 1;
    } else {
      const text = take((line) => line.trim() !== "" && !/^(#{2,4} |```|@\w|\||- |> )/.test(line));
      result.push(el("p", {}, line(text.join(" "))));
    }
  }
  return result;
}
