// The contents beside the text: links to every heading, the one that is read marked, and the search.

import { address, el, icon, unique } from "./dom.js";

/** How far below the window's top a heading counts as read, in px. */
const READ_AT = 140;

/** The most results that are shown. */
const MOST = 40;

/** The contents of an article, and what keeps them up to date: `{ element, follow, stop }`. */
export function outline(article) {
  const headings = [...article.querySelectorAll("h2, h3")];
  const links = new Map();
  const list = el("ul", { class: "ref-toc" });
  let chapter;
  for (const heading of headings) {
    const link = el("a", { href: address(heading.dataset.heading) }, heading.textContent);
    links.set(heading, link);
    if (heading.tagName === "H2") {
      chapter = { inner: el("ul", { hidden: true }) };
      list.append(el("li", {}, link, chapter.inner));
    } else {
      chapter.inner.append(el("li", {}, link));
    }
  }
  for (const inner of list.querySelectorAll("ul:empty")) inner.remove();

  const current = el("span", { class: "ref-current muted" });
  const search = searchOf(article, headings, list);
  const body = el("div", { class: "ref-contents-body" }, search.element, el("nav", { "aria-label": "Contents of the API" }, list), search.results);
  const details = el("details", { class: "ref-contents", "data-testid": "ref-contents" }, el("summary", {}, el("span", {}, "Contents and search"), current), body);
  // On wide windows they are always there.
  const wide = window.matchMedia("(min-width: 961px)");
  const fit = () => (details.open = wide.matches);
  wide.addEventListener("change", fit);
  fit();
  const close = () => wide.matches || (details.open = false);
  body.addEventListener("click", ({ target }) => target.closest("a") && close());
  body.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || wide.matches) return;
    close();
    details.querySelector("summary").focus();
  });

  /** Marks the heading that is read. */
  let marked;
  const mark = () => {
    let [low, high] = [0, headings.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (headings[middle].getBoundingClientRect().top <= READ_AT) low = middle + 1;
      else high = middle;
    }
    const isAtEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 2;
    const asked = isAtEnd && headings.find((heading) => heading.id === location.hash.slice(1) && heading.getBoundingClientRect().top < window.innerHeight);
    const heading = asked || headings[Math.max(0, low - 1)];
    if (heading === marked) return;
    if (marked) links.get(marked).removeAttribute("aria-current");
    marked = heading;
    const link = links.get(heading);
    link.setAttribute("aria-current", "location");
    current.textContent = heading.textContent;
    const inner = link.closest("ul.ref-toc > li").querySelector("ul");
    for (const other of list.querySelectorAll("ul")) other.hidden = other !== inner;
    // Within the contents only, which scroll by themselves.
    const nav = list.parentElement;
    const [outer, own] = [nav.getBoundingClientRect(), link.getBoundingClientRect()];
    if (own.top < outer.top || own.bottom > outer.bottom) nav.scrollTop += own.top - outer.top - outer.height / 3;
  };
  let frame;
  const follow = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(mark);
  };
  window.addEventListener("scroll", follow, { passive: true });
  window.addEventListener("resize", follow);
  const stop = () => {
    cancelAnimationFrame(frame);
    window.removeEventListener("scroll", follow);
    window.removeEventListener("resize", follow);
    wide.removeEventListener("change", fit);
  };
  return { element: details, follow, stop };
}

/** The words of an element, without its code and forms: those of many requests are alike. */
function wordsOf(element) {
  const skipped = ".ref-side, .ref-try, .with-tabs, button";
  if (element.matches(skipped)) return [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) => {
    return node.nodeType === Node.ELEMENT_NODE && node.matches(skipped) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT;
  });
  const words = [];
  let last;
  while (walker.nextNode()) {
    const { currentNode: node } = walker;
    if (node.nodeType !== Node.TEXT_NODE) continue;
    // A paragraph and coloured code are one text.
    const block = node.parentElement.closest("pre, p, li, td, th, h4");
    words.push(block?.matches("pre, p") && block === last ? words.pop() + node.data : node.data);
    last = block;
  }
  return words;
}

/** What each heading is about: its title, the chapter it is in, and the text up to the next one. */
function indexOf(headings) {
  let chapter = "";
  return headings.map((heading) => {
    if (heading.tagName === "H2") chapter = heading.textContent;
    const texts = [heading.parentElement.dataset.keywords ?? "", heading.dataset.heading];
    for (let next = heading.nextElementSibling; next && !/^(H2|H3|SECTION)$/.test(next.tagName); next = next.nextElementSibling) texts.push(...wordsOf(next));
    const title = heading.textContent;
    return { heading: heading.dataset.heading, title, chapter: chapter === title ? "" : chapter, titleText: title.toLowerCase(), text: texts.join(" ").replace(/\s+/g, " ") };
  });
}

function searchOf(article, headings, list) {
  let index;
  const id = unique("search");
  const results = el("div", { class: "ref-results", hidden: true });
  const said = el("p", { class: "small muted", role: "status", "data-testid": "ref-found" });
  const found = el("ul", { "data-testid": "ref-results" });
  results.append(said, found);

  const run = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    results.hidden = words.length === 0;
    list.parentElement.hidden = words.length > 0;
    if (words.length === 0) return found.replaceChildren();
    index ??= indexOf(headings).map((entry) => ({ ...entry, lower: entry.text.toLowerCase() }));
    const score = ({ titleText, heading, lower }) => {
      if (!words.every((word) => titleText.includes(word) || lower.includes(word))) return 0;
      const first = words.join(" ");
      if (titleText === first || heading === first || heading === `action-${first}`) return 4;
      if (titleText.startsWith(first)) return 3;
      return words.every((word) => titleText.includes(word)) ? 2 : 1;
    };
    const hits = index.map((entry) => ({ entry, score: score(entry) })).filter(({ score }) => score > 0).sort((one, other) => other.score - one.score);
    said.textContent = hits.length === 0 ? "Nothing found." : `${hits.length} ${hits.length === 1 ? "result" : "results"}${hits.length > MOST ? `, the first ${MOST} shown` : ""}`;
    found.replaceChildren(
      ...hits.slice(0, MOST).map(({ entry, score }) =>
        el("li", {}, el("a", { href: address(entry.heading) }, el("span", { class: "ref-result-title" }, entry.title), entry.chapter && el("span", { class: "small muted" }, entry.chapter), score === 1 && el("span", { class: "small" }, excerpt(entry, words)))),
      ),
    );
  };
  const input = el("input", {
    id,
    type: "search",
    class: "field",
    placeholder: "Search",
    autocomplete: "off",
    spellcheck: false,
    "data-testid": "ref-search",
    oninput: run,
    onkeydown(event) {
      if (event.key === "Escape" && input.value !== "") {
        event.stopPropagation();
        event.preventDefault();
        input.value = "";
        run();
      } else if (event.key === "ArrowDown") {
        event.preventDefault();
        found.querySelector("a")?.focus();
      } else if (event.key === "Enter") {
        found.querySelector("a")?.click();
      }
    },
  });
  found.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...found.querySelectorAll("a")];
    const next = all.indexOf(document.activeElement) + step;
    (all[next] ?? (next < 0 ? input : all.at(-1))).focus();
  });
  // What was searched for is found: the text has the focus, and the contents are there again.
  found.addEventListener("click", ({ target }) => {
    const link = target.closest("a");
    if (!link) return;
    const heading = document.getElementById(link.hash.slice(1));
    setTimeout(() => {
      heading?.focus({ preventScroll: true });
      heading?.scrollIntoView();
      input.value = "";
      run();
    });
  });
  const element = el("div", { class: "ref-search", role: "search" }, el("label", { for: id, class: "unseen" }, "Search the API reference"), icon("search"), input);
  return { element, results };
}

/** The words around the first place that was found. */
function excerpt({ text, lower }, words) {
  const at = Math.min(...words.map((word) => lower.indexOf(word)).filter((place) => place >= 0));
  const start = Math.max(0, at - 30);
  return `${start > 0 ? "…" : ""}${text.slice(start, at + 60)}…`;
}
