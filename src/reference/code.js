// Panels with code: coloured, with a button that copies it, and with tabs where there are several ways to say it.

import { announce, el, icon, unique } from "./dom.js";

const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/.source;
const NUMBER = /\b\d+(?:\.\d+)?\b/.source;

/** How each language is divided: the first pattern that matches gives the class. What none matches stays plain. */
const LANGUAGES = {
  json: [["key", `${/"(?:[^"\\\n]|\\.)*"(?=\s*:)/.source}`], ["string", STRING], ["number", `-?${NUMBER}`], ["word", /\b(?:true|false|null)\b/.source]],
  js: [
    ["comment", /\/\/[^\n]*|\/\*[^]*?\*\//.source],
    ["string", STRING],
    ["word", /\b(?:import|from|export|default|const|let|await|async|return|new|if|for|of|else|throw|function|true|false|null|undefined)\b/.source],
    ["number", NUMBER],
  ],
  html: [["comment", /<!--[^]*?-->/.source], ["string", STRING], ["word", /<\/?[\w-]+|\/?>/.source]],
  css: [["comment", /\/\*[^]*?\*\//.source], ["string", STRING], ["word", /[\w-]+(?=:)/.source], ["number", /#[\da-f]{3,8}\b|\b\d+(?:\.\d+)?\w*\b/.source]],
  sh: [["comment", /#[^\n]*/.source], ["string", STRING], ["word", /^(?:curl|npm|npx|cp)\b/.source]],
};
const ALIASES = { javascript: "js", jsx: "js", ts: "js", vue: "html", bash: "sh" };

/** Code as coloured nodes. */
function coloured(text, language) {
  const parts = LANGUAGES[ALIASES[language] ?? language];
  if (!parts) return [text];
  const pattern = new RegExp(parts.map(([, source]) => `(${source})`).join("|"), "gm");
  const result = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const which = match.slice(1).findIndex((group) => group !== undefined);
    result.push(text.slice(end, match.index), el("span", { class: `ref-${parts[which][0]}` }, match[0]));
    end = match.index + match[0].length;
  }
  result.push(text.slice(end));
  return result;
}

/** The code itself. It scrolls by keyboard too where it is wider than its place. */
export function code(text, language, label) {
  return el("pre", { class: "ref-code", tabIndex: 0, role: "group", "aria-label": label ?? "Code" }, el("code", {}, coloured(text, language)));
}

/** A button that copies what `text` returns. */
export function copyButton(text, what = "code") {
  let timer;
  const button = el(
    "button",
    {
      type: "button",
      class: "button quiet square ref-copy",
      "aria-label": `Copy ${what}`,
      title: "Copy",
      "data-testid": "ref-copy",
      async onclick() {
        let isCopied = true;
        try {
          await navigator.clipboard.writeText(text());
        } catch {
          isCopied = false;
        }
        announce(button, isCopied ? `Copied ${what}.` : "The browser does not allow copying. Select the text instead.");
        button.replaceChildren(icon(isCopied ? "check" : "warning"));
        clearTimeout(timer);
        timer = setTimeout(() => button.replaceChildren(icon("copy")), 1600);
      },
    },
    icon("copy"),
  );
  return button;
}

/** A panel with one piece of code. */
export function panel(title, text, language) {
  return el("div", { class: "ref-panel" }, el("div", { class: "ref-panel-head" }, el("span", {}, title), copyButton(() => text, title)), code(text, language, title));
}

/** The tab that was chosen last: all panels with this tab change to it. */
let preferred = "fetch";

/**
 * A panel with tabs. `make` returns `{ name: { text, language } }`; `refresh()` of the panel asks it again. `title` names the panel to
 * screen readers.
 */
export function tabs(title, make) {
  let pieces = make();
  const id = unique("tabs");
  const body = el("div", { id, role: "tabpanel", class: "ref-tabpanel" });
  const list = el("div", { class: "ref-tabs", role: "tablist", "aria-label": title });
  const current = () => (preferred in pieces ? preferred : Object.keys(pieces)[0]);
  const show = () => {
    for (const tab of list.children) {
      const isChosen = tab.textContent === current();
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
    }
    const { text, language } = pieces[current()];
    body.replaceChildren(code(text, language, `${title}: ${current()}`));
  };
  const choose = (name) => {
    preferred = name;
    for (const other of root.closest("pixelmill-reference").querySelectorAll(".ref-panel.with-tabs")) other.dispatchEvent(new Event("ref-show"));
  };
  for (const name of Object.keys(pieces)) {
    list.append(el("button", { type: "button", role: "tab", "aria-controls": id, onclick: () => choose(name) }, name));
  }
  list.addEventListener("keydown", (event) => {
    const all = [...list.children];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    choose(next.textContent);
    next.focus();
  });
  const head = el("div", { class: "ref-panel-head" }, list, copyButton(() => pieces[current()].text, "the snippet"));
  const root = el("div", { class: "ref-panel with-tabs", "data-testid": "ref-snippets", "onref-show": show }, head, body);
  root.refresh = () => {
    pieces = make();
    show();
  };
  show();
  return root;
}
