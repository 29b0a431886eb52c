// The API page: guides and reference, made from the API's description (`api/openapi.json`), the catalog (`listActions`) and the texts in
// `guides/`, with the example of each action. The page's program fetches this script when the view is first opened, and shows `<pixelmill-reference heading="…">`, whose
// heading is that of the address.

import { Api } from "./api.js";
import { el, heading } from "./dom.js";
import { parts } from "./getting-started.js";
import { guide } from "./markdown.js";
import { callSections, catalogSections, documentSections, errorSection, eventSections, operationSections } from "./operations.js";
import { outline } from "./outline.js";

const own = (path) => new URL(path, import.meta.url);

async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} was answered with ${response.status}`);
  return response;
}

const GUIDES = ["overview", "get-started", "embedding", "http", "workflows", "custom-actions"];

let loading;

/** Everything that is shown, fetched once. */
function load() {
  loading ??= Promise.all([
    fetched(new URL("api/openapi.json", document.baseURI)).then((response) => response.json()),
    window.pixelmill.listActions(),
    Promise.all(GUIDES.map(async (name) => [name, await (await fetched(own(`guides/${name}.txt`))).text()])).then(Object.fromEntries),
    fetched(own("examples.json")).then((response) => response.json()),
  ]).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** A link to the style sheet, and when it has been read. */
function style() {
  const link = el("link", { rel: "stylesheet", href: own("reference.css").href });
  const read = new Promise((resolve, reject) => {
    link.addEventListener("load", resolve);
    link.addEventListener("error", () => reject(new Error("The style sheet could not be loaded")));
  });
  return { link, read };
}

/** The sections in their order. */
function article(description, actions, guides, examples, signal) {
  const api = new Api(description, signal);
  const chapter = (name, ...more) => el("section", { class: "ref-guide", "data-guide": name }, guide(guides[name], name === "http" ? "http-api" : name, parts(api)), more);
  return el(
    "div",
    { class: "ref-article" },
    el("header", {}, el("h1", {}, "API"), el("p", { class: "muted" }, "Guides, and the reference of every request, call, event, document and action.")),
    chapter("overview"),
    chapter("get-started"),
    chapter("embedding"),
    chapter("http", errorSection(api)),
    operationSections(api),
    el("section", {}, heading(2, "javascript", "JavaScript calls"), el("p", {}, "Calls of the npm client and of ", el("code", {}, "window.pixelmill"), " that have no route. Every call takes ", el("code", {}, "{ apiVersion }"), " as an optional last argument."), callSections(api)),
    el("section", {}, heading(2, "events", "Events"), el("p", {}, "What the npm client and ", el("code", {}, "window.pixelmill"), " dispatch in every tab, once what they announce is durable."), eventSections(api)),
    chapter("workflows", documentSections(api)),
    el("section", {}, heading(2, "action-catalog", "Action catalog"), el("p", {}, `The ${actions.length} actions of this version, as `, el("code", {}, "listActions()"), " describes them. Lengths are in pixels of the action's input, colours are ", el("code", {}, "#rrggbb"), " or ", el("code", {}, "#rrggbbaa"), "."), catalogSections(api, actions, examples)),
    chapter("custom-actions"),
  );
}

class Reference extends HTMLElement {
  #outline;
  #isShown = false;
  #ended = new AbortController();

  static observedAttributes = ["heading"];

  connectedCallback() {
    if (!this.#isShown) this.#show();
  }

  disconnectedCallback() {
    this.#outline?.stop();
    this.#ended.abort();
  }

  /** The browser itself scrolls to a heading of the address: this only marks it. */
  attributeChangedCallback() {
    this.#outline?.follow();
  }

  async #show() {
    this.#isShown = true;
    const { link, read } = style();
    // It stays where it is: moved, it would be read again.
    const place = el("div", {}, el("p", { class: "reading muted", role: "status" }, "Loading the API reference…"));
    this.replaceChildren(link, place);
    try {
      const [[description, actions, guides, examples]] = await Promise.all([load(), read]);
      if (!this.isConnected) return;
      const text = article(description, actions, guides, examples, this.#ended.signal);
      this.#outline = outline(text);
      const announcer = el("p", { class: "unseen", role: "status", "data-testid": "ref-announcer" });
      place.replaceChildren(el("div", { class: "ref-page", "data-testid": "reference" }, this.#outline.element, text, announcer));
      const wanted = this.getAttribute("heading");
      if (wanted) document.getElementById(`/api/${wanted}`)?.scrollIntoView();
      this.#outline.follow();
    } catch (error) {
      const again = el("button", { type: "button", class: "button primary", onclick: () => this.#show() }, "Try again");
      place.replaceChildren(el("div", { class: "empty panel", role: "alert", "data-testid": "reference-failed" }, el("h1", {}, "The API reference could not be loaded"), el("p", {}, String(error?.message ?? error)), again));
    }
  }
}

if (!customElements.get("pixelmill-reference")) customElements.define("pixelmill-reference", Reference);
