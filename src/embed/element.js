// <pixel-mill>: Pixelmill's view as an element in any page. The view is mounted in the element's shadow root, by the
// deployment's own program; or, with isolation="frame", it is the deployment's `frame.html` in an iframe, with which the
// element speaks over a port. Everything that an attribute says can be changed at any time.

import { executionsOf, fetched, folderOf, internal, processFile } from "../client/process.js";

/** The agreement between this script and a deployment's `mount` and `frame.html`. */
const VERSION = 1;
const TAG = "pixel-mill";
/** How long a frame may take to answer. */
const FRAME_MS = 20_000;
/** Changing one of these mounts the view again. */
const MOUNTING = ["base", "database", "isolation"];
const SETTINGS = ["layout", "theme", "workflow", "accept", "max-files", "concurrency", "autostart", "lang"];
const LAYOUTS = ["full", "drop", "progress", "results"];

/** Where this script lies. */
const HERE = new URL(".", import.meta.url).href;

/** What is around the view; its own styles come from the deployment. */
const AROUND = `
:host { display: block; height: 720px; contain: content; }
:host([layout="drop"]) { height: 460px; }
:host([layout="progress"]) { height: 220px; }
:host([hidden]) { display: none; }
.outer { all: initial; display: block; position: relative; height: 100%; overflow: hidden; contain: layout paint; }
iframe { display: block; width: 100%; height: 100%; border: 0; }
.problem { box-sizing: border-box; font: 15px/1.5 system-ui, sans-serif; padding: 16px; color: #1c1c1a; background: #fceaea; border-radius: 8px; }
.problem button { font: inherit; margin-top: 8px; padding: 6px 12px; }`;

/** The programs of the deployments that elements of this page use, by address: one is enough for all of them. */
const programs = new Map();
/** The places of the elements of this page that have no id. */
const places = new Set();

const listed = (text) => (text === null ? null : Number.parseInt(text, 10) > 0 ? Number.parseInt(text, 10) : null);

function deferred() {
  let settle;
  const promise = new Promise((resolve, reject) => (settle = { resolve, reject }));
  promise.catch(() => {}); // Whoever waits for it is told; nobody has to.
  return { promise, ...settle };
}

/** The program of a deployment, fetched and started once. */
function programAt(base) {
  if (!programs.has(base)) {
    const program = load(base);
    programs.set(base, program);
    program.catch(() => programs.delete(base));
  }
  return programs.get(base);
}

async function load(base) {
  const description = await (await fetched(new URL("pixelmill.json", base), { cache: "no-cache" })).json().catch(() => ({}));
  const { element, files } = description;
  if (!files) throw internal(`There is no Pixelmill at ${base}.`);
  if (element !== VERSION) throw internal(`The deployment at ${base} needs another version of this element.`);
  const address = (name) => new URL(files[name], base).href;
  const [program, styles] = await Promise.all([
    import(address("app.js")).then(async (program) => {
      await program.default({ module_or_path: address("app_bg.wasm") });
      return program;
    }),
    fetched(address("embed.css")).then((response) => response.text()),
  ]);
  return { program, files, styles: sheetOf(styles) };
}

function sheetOf(text) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}

/** A client at the other end of a port, with the calls that the frame has. */
class RemoteClient extends EventTarget {
  #port;
  #calls = 0;
  #pending = new Map();

  constructor(port, names) {
    super();
    this.#port = port;
    for (const name of names) this[name] = (...values) => this.call(name, ...values);
  }

  call(name, ...values) {
    return new Promise((resolve, reject) => {
      const id = this.#calls++;
      this.#port.postMessage({ id, call: [name, values] });
      this.#pending.set(id, { resolve, reject });
    });
  }

  take({ id, answer, error }) {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(answer);
    else pending?.reject(error);
  }

  end() {
    for (const { reject } of this.#pending.values()) reject(internal("The element was removed."));
    this.#pending.clear();
    this.dispatchEvent(new Event("close"));
  }
}

export class PixelMillElement extends HTMLElement {
  static observedAttributes = [...MOUNTING, ...SETTINGS];

  #outer = document.createElement("div");
  #document = null;
  #fetchedFrom = null;
  #place = null;
  #isMounted = false;
  #generation = 0;
  #ready = deferred();
  /** The mounted view, or the frame's. */
  #view = null;
  #batchId = null;
  /** Results that a frame has handed over, by execution. */
  #handedOver = new Map();
  /** Tables of further languages, by language. */
  #translations = {};
  /** What the view is shown in, and what ends that. */
  #spoken = { language: "en", stop: () => {} };

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheetOf(AROUND)];
    this.#outer.className = "outer";
  }

  connectedCallback() {
    // Being moved within the page is no reason to stop.
    if (!this.#isMounted) this.#mount();
  }

  disconnectedCallback() {
    setTimeout(() => {
      if (!this.isConnected) this.#unmount();
    });
  }

  attributeChangedCallback(name, before, now) {
    if (before === now || !this.#isMounted) return;
    if (name === "workflow") this.#document = null;
    if (MOUNTING.includes(name)) this.#remount();
    else this.#configure();
  }

  /** The client of the view, once it has started: every call and event of `window.pixelmill`, and `processFile`. */
  get client() {
    return this.#ready.promise;
  }

  /** The workflow: an id, an address of a document, or a document. */
  get workflow() {
    return this.#document ?? this.getAttribute("workflow");
  }

  set workflow(workflow) {
    if (workflow !== null && typeof workflow === "object") {
      this.#document = workflow;
      this.#configure();
    } else if (workflow === null || workflow === undefined) {
      this.removeAttribute("workflow");
    } else {
      this.#document = null;
      this.setAttribute("workflow", workflow);
    }
  }

  /** Tables of further languages, or of other words, by language: `{ fr: { language: "fr", texts: { Run: "Lancer" } } }`. */
  get translations() {
    return this.#translations;
  }

  set translations(tables) {
    this.#translations = tables ?? {};
    if (this.#isMounted) this.#configure();
  }

  /** Adds pictures; resolves once they are stored. */
  async addFiles(files) {
    const list = [...files].map((file) => (file instanceof File ? file : new File([file], "picture", { type: file.type })));
    await this.#ready.promise;
    await this.#view.addFiles(list);
  }

  /** Runs the workflow over the pictures; resolves with the batch's id once it has been accepted. */
  async run() {
    await this.#ready.promise;
    return await this.#view.run();
  }

  /** The results of the batch that was started last. */
  async results() {
    const client = await this.#ready.promise;
    if (this.#batchId === null) return [];
    if (this.#handedOver.size > 0 && !(await client.getBatchStatus(this.#batchId).catch(() => null))) {
      return [...this.#handedOver.values()].flat();
    }
    const results = [];
    for (const execution of await executionsOf(client, this.#batchId)) {
      const kept = this.#handedOver.get(execution.executionId);
      if (kept) results.push(...kept);
      else for (const { name, url } of execution.outputs ?? []) results.push({ name, blob: await client.readAsset(url), execution });
    }
    return results;
  }

  #mount() {
    this.#isMounted = true;
    this.#place ??= this.id || freePlace();
    const generation = ++this.#generation;
    const isCurrent = () => this.#generation === generation;
    this.shadowRoot.replaceChildren(this.#outer);
    this.#outer.replaceChildren();
    const mount = this.getAttribute("isolation") === "frame" ? this.#mountFrame : this.#mountHere;
    mount.call(this, isCurrent).catch((error) => isCurrent() && this.#failed(error));
  }

  #unmount() {
    if (!this.#isMounted) return;
    this.#isMounted = false;
    this.#generation += 1;
    this.#view?.close();
    this.#view = null;
    this.#batchId = null;
    this.#handedOver.clear();
    places.delete(this.#place);
    this.#place = null;
    this.#ready.reject(internal("The element was removed."));
    this.#ready = deferred();
  }

  #remount() {
    this.#unmount();
    this.#mount();
  }

  async #mountHere(isCurrent) {
    const base = folderOf(this.getAttribute("base") ?? HERE);
    const { program, files, styles } = await programAt(base);
    const settings = await this.#settings();
    if (!isCurrent()) return;
    const [outer, scroller] = [document.createElement("div"), document.createElement("div")];
    [outer.className, scroller.className] = ["stage", "scroller"];
    outer.append(scroller);
    this.#outer.replaceChildren(outer);
    const root = this.shadowRoot;
    if (!root.adoptedStyleSheets.includes(styles)) root.adoptedStyleSheets = [root.adoptedStyleSheets[0], styles];
    const mounting = { baseUrl: base, files, database: this.getAttribute("database"), slot: this.#place };
    const told = (name, detail) => isCurrent() && this.#told(name, detail);
    this.#view = program.mount(root, outer, scroller, mounting, settings, told);
    this.#view.speak = (language) => this.#speak(new URL(files["translate.js"], base), language);
    this.#configure();
  }

  /** Shows the view in a language of the deployment or in that of a table. */
  async #speak(script, language) {
    if (language === this.#spoken.language) return;
    this.#spoken.language = language;
    const { show } = await import(script);
    if (language !== this.#spoken.language) return;
    this.#spoken.stop();
    this.#spoken.stop = await show(this.#outer, typeof language === "string" ? [language] : language);
  }

  async #mountFrame(isCurrent) {
    const base = folderOf(this.getAttribute("base") ?? HERE);
    const frame = document.createElement("iframe");
    frame.title = "Pixelmill";
    frame.allow = "clipboard-write; screen-wake-lock";
    frame.src = new URL("frame.html", base).href;
    const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
    this.#outer.replaceChildren(frame);
    await loaded;
    if (!isCurrent()) return;
    const { port1: port, port2 } = new MessageChannel();
    const nonce = [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16)).join("-");
    const patience = setTimeout(() => {
      const why = "It may be missing, or this page may not be among those that it allows";
      if (isCurrent()) this.#failed(internal(`${frame.src} does not answer. ${why} (frame.json).`));
    }, FRAME_MS);
    let client;
    port.onmessage = ({ data }) => {
      if (!isCurrent()) return;
      if (data.hello === nonce && !client) {
        clearTimeout(patience);
        client = new RemoteClient(port, data.calls);
        this.#view = {
          addFiles: (files) => client.call("addFiles", files),
          run: () => client.call("run"),
          configure: (settings) => void client.call("configure", { ...settings, ...this.#words() }).catch(() => {}),
          speak: async () => {},
          close() {
            client.end();
            port.close();
          },
        };
        this.#configure();
      } else if (data.refused) {
        clearTimeout(patience);
        this.#failed(internal(data.refused));
      } else if ("id" in data) {
        client?.take(data);
      } else if (data.clientEvent) {
        const [name, detail] = data.clientEvent;
        client?.dispatchEvent(new CustomEvent(name, { detail }));
      } else if (data.result) {
        const { execution, files } = data.result;
        this.#handedOver.set(execution.executionId, files.map(({ name, blob }) => ({ name, blob, execution })));
      } else if (data.event) {
        const [name, detail] = data.event;
        this.#told(name, name === "started" ? client : detail);
      }
    };
    frame.contentWindow.postMessage({ pixelmill: VERSION, hello: nonce }, new URL(base).origin, [port2]);
  }

  /** What the attributes say, with the workflow fetched if it is an address. */
  async #settings() {
    const layout = this.getAttribute("layout");
    return {
      layout: LAYOUTS.includes(layout) ? layout : "full",
      theme: this.getAttribute("theme") ?? "auto",
      workflow: await this.#workflow(),
      accept: this.getAttribute("accept"),
      maxFiles: listed(this.getAttribute("max-files")),
      concurrency: listed(this.getAttribute("concurrency")),
      autostart: this.hasAttribute("autostart"),
    };
  }

  /** The language that the attribute asks for, or that of what is around, and the tables. */
  #words() {
    const lang = this.getAttribute("lang") ?? this.closest("[lang]")?.lang ?? "";
    return { lang, translations: this.#translations };
  }

  async #workflow() {
    const workflow = this.workflow;
    if (typeof workflow !== "string" || !/[/:]|\.json$/.test(workflow)) return workflow;
    const url = new URL(workflow, document.baseURI).href;
    if (this.#fetchedFrom?.url !== url) {
      const response = await fetched(url);
      const text = await response.text();
      try {
        this.#fetchedFrom = { url, document: JSON.parse(text) };
      } catch (error) {
        throw internal(`${url} is not a workflow document: ${error.message}.`);
      }
    }
    return this.#fetchedFrom.document;
  }

  async #configure() {
    const generation = this.#generation;
    try {
      const settings = await this.#settings();
      if (generation !== this.#generation || !this.#view) return;
      this.#view.configure(settings);
      const { lang, translations } = this.#words();
      const [language] = lang.split("-");
      await this.#view.speak(translations[lang] ?? translations[language] ?? (language || "en"));
    } catch (error) {
      if (generation === this.#generation) this.#dispatch("error", { message: error.message, hint: "" });
    }
  }

  #told(name, detail) {
    switch (name) {
      case "started":
        if (!detail.processFile) {
          detail.processFile = (file, workflow, options) => processFile(detail, file, workflow, options);
        }
        this.#ready.resolve(detail);
        this.#dispatch("ready", { client: detail });
        break;
      case "failed":
        // The view shows it itself.
        this.#ready.reject(internal(detail.message));
        this.#dispatch("error", detail);
        break;
      case "restart":
        this.#remount();
        break;
      case "batchstarted":
        this.#batchId = detail.batchId;
        this.#handedOver.clear();
        this.#dispatch(name, detail);
        break;
      default:
        this.#dispatch(name, detail);
    }
  }

  #failed(error) {
    const box = document.createElement("div");
    box.className = "problem";
    box.setAttribute("role", "alert");
    const text = document.createElement("div");
    text.textContent = `Pixelmill could not start. ${error.message}`;
    const retry = document.createElement("button");
    retry.type = "button";
    retry.textContent = "Try again";
    retry.addEventListener("click", () => this.#remount());
    box.append(text, retry);
    this.#outer.replaceChildren(box);
    this.#ready.reject(error);
    this.#dispatch("error", { message: error.message, hint: "" });
  }

  #dispatch(name, detail) {
    this.dispatchEvent(new CustomEvent(`pixelmill-${name}`, { bubbles: true, composed: true, detail }));
  }
}

function freePlace() {
  let place = 1;
  while (places.has(String(place))) place += 1;
  places.add(String(place));
  return String(place);
}

// The first script that defines it serves all elements of the page: each loads the program of its own deployment.
if (!customElements.get(TAG)) customElements.define(TAG, PixelMillElement);
