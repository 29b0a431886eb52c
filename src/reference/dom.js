// Building the page's elements. Texts become text nodes; nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Strokes on a grid of 24, as the page's own icons. */
const ICONS = {
  copy: "M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9",
  check: "M5 12.5l4.5 4.5L19 7.5",
  play: "M8 5.5v13l10.5-6.5z",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13zM15.3 15.3L20 20",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-.8.8M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l.8-.8",
  warning: "M12 4.5L21 19.5H3zM12 10v4.5M12 17h.01",
  download: "M12 4v11M7.5 11L12 15.5 16.5 11M5 20h14",
  picture: "M4 5h16v14H4zM4 16l4.5-4.5 4 4L15 13l5 4.5M15.5 9h.01",
};

/**
 * An element. Properties that begin with `on` are listeners; `class`, `for` and everything with a dash are attributes, and so is
 * everything that the element has no property for. Children may be nodes, texts, lists of them, or nothing.
 */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.includes("-") || ["class", "for", "list", "role"].includes(name) || !(name in element)) element.setAttribute(name, value === true ? "" : value);
    else element[name] = value;
  }
  element.append(...nodes(children));
  return element;
}

/** What `append` accepts, without what is not there. */
export function nodes(children) {
  return [children].flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false);
}

/** An icon, which says nothing to screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.7", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", class: "icon" })) {
    svg.setAttribute(key, value);
  }
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

let count = 0;

/** An id that no other element has. */
export const unique = (name) => `reference-${name}-${(count += 1)}`;

/** `executeBatch` as `execute-batch`, "Get started" as `get-started`. */
export function slug(text) {
  return text
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** The address of a heading. Its element has it as its id, so that the browser itself finds it. */
export const address = (heading) => `#/api/${heading}`;

/** A heading with a link to itself. `level` is 2 to 4. */
export function heading(level, id, ...children) {
  const text = el("span", {}, children);
  return el(
    `h${level}`,
    { id: address(id).slice(1), class: "ref-heading", tabIndex: -1, "data-heading": id, "data-testid": "ref-heading" },
    text,
    el("a", { class: "ref-anchor", href: address(id), "aria-label": `Link to "${text.textContent}"` }, icon("link")),
  );
}

/** A text with `code` between backticks. */
export function inline(text) {
  return text.split(/(`[^`]+`)/).map((part) => (part.startsWith("`") && part.length > 2 ? el("code", {}, part.slice(1, -1)) : part));
}

/** Says something to screen readers. */
export function announce(element, text) {
  const region = element.closest("pixelmill-reference")?.querySelector("[data-testid=ref-announcer]");
  if (region) region.textContent = text;
}
