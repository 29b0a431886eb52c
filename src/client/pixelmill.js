// The headless client: starts the batch service of a deployment in a worker of the host's page and speaks to it as the
// page does (`src/service.rs` has the messages, `src/browser/page/link.rs` is the page's side of them).

import { PixelmillError, fetched, folderOf, internal, invalid, processFile } from "./process.js";

export { PixelmillError };

const VERSION = 6;
const START_MS = 30_000;
const MAX_FAILED_STARTS = 3;
const EVENTS = { progress: "progress", executionCompleted: "executioncompleted", batchCompleted: "batchcompleted" };

// The calls that no files travel with: their parameters in order; "=" follows those that are any JSON value.
const CALLS = {
  executeBatch: "request=",
  listBatches: "query=",
  getBatchStatus: "batchId query=",
  cancelBatch: "batchId",
  listExecutions: "batchId query=",
  retryExecutions: "batchId request=",
  deleteBatch: "batchId",
  pauseBatch: "batchId",
  resumeBatch: "batchId",
  updateBatch: "batchId change=",
  pauseAll: "",
  resumeAll: "",
  getBatchLog: "batchId",
  verifyBatch: "batchId",
  getReport: "batchId query=",
  listWorkflows: "query=",
  getWorkflow: "workflowId query=",
  saveWorkflow: "document= options=",
  publishWorkflow: "workflowId",
  unpublishWorkflow: "workflowId",
  duplicateWorkflow: "workflowId options=",
  deleteWorkflow: "workflowId",
  exportWorkflow: "workflowId query=",
  importWorkflow: "document=",
  listModels: "",
  deleteModel: "name",
  listFiles: "query=",
  deleteFile: "file=",
  listActions: "",
  validateWorkflow: "document=",
};

/** A connection to a service. */
export class Pixelmill extends EventTarget {
  #script;
  #module;
  #build;
  #setup;
  #onBlocked;
  #keys;
  #state = { role: "follower", owns: false, workers: 0, loading: null, memory: null, note: null };
  #worker = null;
  #workers = new Map();
  #accepts = false;
  #wasStarted = false;
  #over = null;
  #failed = 0;
  #startTimer;
  #tickets = 0;
  #waiting = [];
  #pending = new Map();
  #ended = new AbortController();
  #leave = () => {};
  #settle;

  /** Resolves once the service accepts calls. */
  ready = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));

  constructor({ script, module, build, setup, onBlocked }) {
    super();
    this.#script = script;
    this.#module = module;
    this.#build = build;
    this.#onBlocked = onBlocked;
    const key = setup.database ?? new URL(setup.baseUrl).pathname;
    this.#keys = { left: `pixelmill.left:${key}`, frozen: `pixelmill.frozen:${key}` };
    this.#setup = { ...setup, suspended: number(stored("sessionStorage", "getItem", this.#keys.frozen)) };
    stored("sessionStorage", "removeItem", this.#keys.frozen);
    this.ready.catch(() => {});
    this.#watch();
    this.#run();
  }

  /** This tab's role, its workers, and any note for the user. */
  get state() {
    return this.#state;
  }

  // Leaving in good order is recorded, so that the next scheduling tab blames no image that was in flight.
  #watch() {
    const { left, frozen } = this.#keys;
    const { signal } = this.#ended;
    let [marked, since] = [false, null];
    this.#leave = () => {
      if (!this.#state.owns || this.#state.memory != null) return;
      marked = true;
      stored("localStorage", "setItem", left, String(Date.now()));
    };
    const back = () => {
      if (marked) stored("localStorage", "removeItem", left);
      marked = false;
    };
    const freeze = () => {
      since = Date.now();
      stored("sessionStorage", "setItem", frozen, String(since));
      this.#leave();
    };
    const resume = () => {
      back();
      if (since === null) return;
      stored("sessionStorage", "removeItem", frozen);
      this.#post([{ woken: since }]);
      since = null;
    };
    addEventListener("pagehide", this.#leave, { signal });
    addEventListener("pageshow", back, { signal });
    document.addEventListener("freeze", freeze, { signal });
    document.addEventListener("resume", resume, { signal });
  }

  #post(message) {
    this.#worker?.postMessage(message);
  }

  #run() {
    const name = `pixelmill-service:${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    let worker;
    try {
      worker = new Worker(this.#script, { name });
    } catch (error) {
      return this.#giveUp(error.message);
    }
    this.#worker = worker;
    // What an earlier service says does not matter any more.
    const died = (why) => this.#worker === worker && this.#died(why);
    worker.onmessage = ({ data }) => this.#worker === worker && this.#heard(data, name, died);
    worker.onerror = (event) => {
      event.preventDefault();
      died(event.message || "the browser refuses it");
    };
    worker.onmessageerror = () => died("a message could not be read");
    this.#startTimer = setTimeout(died, START_MS, "it did not start");
    worker.postMessage(this.#module);
  }

  #stop() {
    clearTimeout(this.#startTimer);
    this.#worker?.terminate();
    this.#worker = null;
    for (const worker of this.#workers.values()) worker.terminate();
    this.#workers.clear();
  }

  // Starts a worker for the service and hands it the port to it: in Firefox a worker that starts another may wait for good.
  #startWorker({ name, script }, port) {
    const failed = (message) => this.#post([{ workerFailed: { name, message } }]);
    try {
      const worker = new Worker(script, { name });
      worker.onerror = (event) => {
        event.preventDefault();
        if (this.#workers.get(name) === worker) failed(event.message || "error");
      };
      worker.postMessage(null, [port]);
      this.#workers.set(name, worker);
    } catch (error) {
      failed(error.message);
    }
  }

  #died(why) {
    console.warn(`The service is started again: ${why}`);
    this.#stop();
    if (this.#accepts) {
      this.#accepts = false;
      this.#refuseAll(internal("The service that runs the batches stopped and was started again. Try again."));
    }
    this.#failed += 1;
    if (this.#failed >= MAX_FAILED_STARTS) this.#giveUp(why);
    else this.#run();
  }

  #giveUp(why) {
    const policy = "If this page has a Content-Security-Policy, it has to allow the worker";
    this.#end(internal(`The service that runs the batches does not start: ${why}. ${policy} ("worker-src blob:").`));
  }

  #end(error) {
    this.#stop();
    this.#over = error;
    this.#accepts = false;
    this.#waiting = [];
    this.#ended.abort();
    URL.revokeObjectURL(this.#script);
    this.#refuseAll(error);
    this.#settle.reject(error);
    this.dispatchEvent(new Event("close"));
  }

  #refuseAll(error) {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
  }

  #heard([message, value, files], name, died) {
    const kind = keyOf(message);
    const body = message[kind];
    switch (kind) {
      case "alive":
        navigator.locks?.request(name, { signal: this.#ended.signal }, () => died("it is gone")).catch(() => {});
        break;
      case "crashed":
        died(body.message);
        break;
      case "ready":
        if (body.version !== VERSION || body.buildId !== this.#build) {
          this.#end(internal("The deployment was updated while it was being loaded. Connect again."));
          break;
        }
        // From here on it waits for downloads, or for another tab to be closed, however long that takes.
        clearTimeout(this.#startTimer);
        this.#post([{ start: this.#setup }]);
        this.#setup.suspended = null;
        break;
      case "blocked":
        this.#onBlocked?.();
        break;
      case "failed":
        this.#end(new PixelmillError(body));
        break;
      case "started":
        this.#failed = 0;
        this.#accepts = true;
        if (this.#wasStarted && body.memory != null) {
          const text = "The service stopped, and with it everything that was kept in memory.";
          body.note = { text, reloadHelps: false };
        }
        this.#wasStarted = true;
        this.#changeState(body);
        this.#settle.resolve(this);
        for (const waiting of this.#waiting.splice(0)) this.#post(waiting);
        break;
      case "state":
        this.#changeState(body);
        break;
      case "answer":
        this.#take(body.ticket)?.resolve([value, files]);
        break;
      case "refused": {
        const imported = body.import && { imported: body.import.imported };
        this.#take(body.ticket)?.reject(new PixelmillError({ ...body.error, ...imported }));
        break;
      }
      case "stored":
        this.#pending.get(body.ticket)?.onStored?.(body.assets);
        break;
      case "startWorker":
        this.#startWorker(body, value);
        break;
      case "stopWorker":
        this.#workers.get(body.name)?.terminate();
        this.#workers.delete(body.name);
        break;
      case "asksWhenLeft":
        this.#post([{ left: number(stored("localStorage", "getItem", this.#keys.left)) }]);
        break;
      case "event": {
        const type = keyOf(body);
        if (EVENTS[type]) this.dispatchEvent(new CustomEvent(EVENTS[type], { detail: value }));
      }
    }
  }

  #changeState(state) {
    this.#state = state;
    this.dispatchEvent(new Event("statechange"));
  }

  #take(ticket) {
    const pending = this.#pending.get(ticket);
    this.#pending.delete(ticket);
    return pending;
  }

  #call(name, parameters, files, onStored) {
    if (this.#over) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => {
      const ticket = this.#tickets++;
      const message = [{ call: [ticket, { [name]: parameters }] }, files];
      if (this.#accepts) this.#post(message);
      else this.#waiting.push(message);
      this.#pending.set(ticket, { resolve, reject, onStored });
    });
  }

  static {
    for (const [name, signature] of Object.entries(CALLS)) {
      const parameters = signature.split(" ").filter(Boolean);
      this.prototype[name] = async function (...values) {
        checkVersion(values);
        const message = {};
        parameters.forEach((parameter, position) => {
          const key = parameter.replace("=", "");
          message[key] = (key === parameter ? text : json)(values[position]);
        });
        return (await this.#call(name, message))[0];
      };
    }
  }

  async importAssets(files, options = {}) {
    checkVersion([options]);
    if (typeof files?.[Symbol.iterator] !== "function") {
      throw invalid("The files are not a list. Give a list of File or Blob objects.");
    }
    const list = [...files];
    const stray = list.findIndex((file) => !(file instanceof Blob));
    if (stray >= 0) throw invalid(`Entry ${stray} of the files is not a file. Give a list of File or Blob objects.`);
    persist();
    const { onStored } = options;
    return (await this.#call("importAssets", { report: Boolean(onStored) }, list, onStored))[0];
  }

  async importModel(file, name, options) {
    checkVersion([name, options]);
    const attached = blob(file);
    persist();
    return (await this.#call("importModel", { name: typeof name === "string" ? name : null }, attached))[0];
  }

  async importFile(file, options) {
    checkVersion([options]);
    const attached = blob(file);
    persist();
    return (await this.#call("importFile", { options: json(options) }, attached))[0];
  }

  async exportArchive(options) {
    checkVersion([options]);
    return (await this.#call("exportArchive", {}))[1];
  }

  async importArchive(archive, options) {
    checkVersion([options]);
    const attached = blob(archive);
    persist();
    return (await this.#call("importArchive", {}, attached))[0];
  }

  async readAsset(url, options) {
    checkVersion([options]);
    return (await this.#call("readAsset", { url: text(url) }))[1];
  }

  processFile(file, workflow, options) {
    return processFile(this, file, workflow, options);
  }

  /** Stops the service and its workers. Calls under way are refused; batches go on with the next connection. */
  close() {
    if (this.#over) return;
    this.#leave();
    this.#end(internal("The connection is closed."));
  }
}

/** Starts the service of the deployment at `base`; with `view`, together with the whole view in that element. */
export async function connect({ base, database, view, onBlocked } = {}) {
  const baseUrl = folderOf(base);
  if (view) return await connectView(view, baseUrl, database);
  const description = await ofBuild(baseUrl, "pixelmill.json", { cache: "no-cache" });
  const { version, build, files, program } = await description.json().catch(() => ({}));
  if (!program) throw internal(`There is no Pixelmill at ${baseUrl}.`);
  if (version !== VERSION) throw internal(`The deployment at ${baseUrl} needs another version of this client.`);
  const [module, glue] = await Promise.all([
    compiled(baseUrl, files["service_bg.wasm"]),
    ofBuild(baseUrl, files["service.js"]).then((response) => response.text()),
  ]);
  const source = [program.life, glue, program.bootstrap].join("\n");
  const script = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const setup = { baseUrl, database: database ?? null, files, workers: null };
  return new Pixelmill({ script, module, build, setup, onBlocked }).ready;
}

async function connectView(place, baseUrl, database) {
  await import("./element.js");
  const element = document.createElement("pixel-mill");
  element.setAttribute("base", baseUrl);
  if (database !== undefined) element.setAttribute("database", database);
  place.replaceChildren(element);
  const client = await element.client;
  client.close = () => element.remove();
  return client;
}

const ofBuild = (base, name, options) => fetched(new URL(name, base), options, " If that was updated just now, connect again.");

async function compiled(base, name) {
  const response = await ofBuild(base, name);
  try {
    return await WebAssembly.compileStreaming(response);
  } catch {
    // The host may send the wrong type for it.
    const bytes = await (await ofBuild(base, name)).arrayBuffer();
    return await WebAssembly.compile(bytes).catch((error) => {
      throw internal(`The service cannot be compiled: ${error.message}`);
    });
  }
}

function keyOf(message) {
  return typeof message === "string" ? message : Object.keys(message)[0];
}

function stored(storage, method, ...values) {
  try {
    return globalThis[storage][method](...values);
  } catch {
    return null; // Denied or full: then nothing outlives the page.
  }
}

function number(text) {
  return text === null ? null : Number(text);
}

function persist() {
  navigator.storage?.persist?.().catch(() => {});
}

function json(value) {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (error) {
    throw invalid(`An argument is not a JSON value: ${error.message}.`);
  }
}

function text(value) {
  if (typeof value === "string") return value;
  throw invalid(`The first argument is ${json(value)}. Give it as text.`);
}

function blob(value) {
  if (value instanceof Blob) return value;
  throw invalid("The first argument is not a file. Give a File or Blob.");
}

// The last argument may be `{ apiVersion }`. It is optional, and so is the one before it: each is inspected.
function checkVersion(values) {
  for (const version of values.map((value) => value?.apiVersion)) {
    if (version == null || version === "1.0" || version === 1) continue;
    const message = `The api-version "${version}" is not supported. Use "1.0" or omit it.`;
    throw new PixelmillError({ error: "unsupported_api_version", message, status: "error", code: 400 });
  }
}
