// The headless client: starts the batch service of a deployment in a worker of the host's page and speaks to it as
// the page does (`src/service.rs` has the messages).

const VERSION = 1;
const START_MS = 30_000;
const MAX_FAILED_STARTS = 3;
const EVENTS = { progress: "progress", executionCompleted: "executioncompleted", batchCompleted: "batchcompleted" };

// The calls that no files travel with: parameters in order; those after "|" are JSON values.
const CALLS = {
  executeBatch: "|request", listBatches: "|query", getBatchStatus: "batchId|query", cancelBatch: "batchId",
  listExecutions: "batchId|query", retryExecutions: "batchId|request", deleteBatch: "batchId", pauseBatch: "batchId",
  resumeBatch: "batchId", updateBatch: "batchId|change", pauseAll: "", resumeAll: "", getBatchLog: "batchId",
  verifyBatch: "batchId", getReport: "batchId|query", listWorkflows: "|query", getWorkflow: "workflowId|query",
  saveWorkflow: "|document options", publishWorkflow: "workflowId", unpublishWorkflow: "workflowId",
  duplicateWorkflow: "workflowId|options", deleteWorkflow: "workflowId", exportWorkflow: "workflowId|query",
  importWorkflow: "|document", listModels: "", deleteModel: "name", listActions: "", validateWorkflow: "|document",
};

/** The contract's error object as an exception. */
export class PixelmillError extends Error {
  constructor(error) {
    super(error.message ?? String(error));
    this.name = "PixelmillError";
    Object.assign(this, error);
  }
}

const internal = (message) => new PixelmillError({ error: "internal_error", message, status: "failed", code: 500 });

async function fetched(base, name) {
  const response = await fetch(new URL(name, base), { credentials: "same-origin" });
  if (!response.ok) throw internal(`The server answers ${response.status} for ${name}.`);
  return response;
}

async function compiled(base, name) {
  try {
    return await WebAssembly.compileStreaming(await fetched(base, name));
  } catch {
    return WebAssembly.compile(await (await fetched(base, name)).arrayBuffer());
  }
}

function stored(storage, change) {
  try {
    return change(globalThis[storage]);
  } catch {
    return null; // Denied: nothing outlives the page.
  }
}

/** A connection to a service. */
export class Pixelmill extends EventTarget {
  #script;
  #module;
  #setup;
  #left;
  #worker = null;
  #accepts = false;
  #over = null;
  #owns = false;
  #failed = 0;
  #ticket = 0;
  #timer;
  #waiting = [];
  #pending = new Map();
  #ended = new AbortController();
  #settle;

  /** Resolves once the service accepts calls. */
  ready = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));

  constructor(script, module, setup) {
    super();
    this.#script = script;
    this.#module = module;
    this.#setup = setup;
    this.#left = `pixelmill.left:${setup.database ?? new URL(setup.baseUrl).pathname}`;
    this.ready.catch(() => {});
    this.#watch();
    this.#run();
  }

  #watch() {
    const { signal } = this.#ended;
    let marked = false;
    let frozen = null;
    const leave = () => {
      if (!this.#owns) return;
      marked = true;
      stored("localStorage", (storage) => storage.setItem(this.#left, String(Date.now())));
    };
    const back = () => {
      if (marked) stored("localStorage", (storage) => storage.removeItem(this.#left));
      marked = false;
    };
    addEventListener("pagehide", leave, { signal });
    addEventListener("pageshow", back, { signal });
    document.addEventListener("freeze", () => ((frozen = Date.now()), leave()), { signal });
    document.addEventListener(
      "resume",
      () => {
        back();
        if (frozen !== null) this.#post([{ woken: frozen }]);
        frozen = null;
      },
      { signal },
    );
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
    const died = (why) => this.#worker === worker && this.#died(why);
    worker.onmessage = ({ data }) => this.#worker === worker && this.#heard(data, name, died);
    worker.onerror = (event) => died(event.message || "error");
    worker.onmessageerror = () => died("messageerror");
    this.#timer = setTimeout(() => this.#accepts || died("it did not start"), START_MS);
    worker.postMessage(this.#module);
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = null;
    this.#owns = false;
  }

  #died(why) {
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
    this.#end(internal(`The service that runs the batches does not start: ${why}.`));
  }

  #end(error) {
    this.#stop();
    this.#ended.abort();
    URL.revokeObjectURL(this.#script);
    this.#over = error;
    this.#accepts = false;
    this.#waiting = [];
    this.#refuseAll(error);
    this.#settle.reject(error);
  }

  #refuseAll(error) {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
  }

  #heard([message, value, files], name, died) {
    const [kind] = typeof message === "string" ? [message] : Object.keys(message);
    const body = message[kind];
    switch (kind) {
      case "alive":
        navigator.locks?.request(name, { signal: this.#ended.signal }, () => died("it is gone")).catch(() => {});
        break;
      case "crashed":
        died(body.message);
        break;
      case "ready":
        if (body.version === VERSION) this.#post([{ start: this.#setup }]);
        else this.#end(internal("The deployment has another version than this client. Update the client."));
        break;
      case "failed":
        this.#end(new PixelmillError(body));
        break;
      case "started":
        this.#failed = 0;
        this.#accepts = true;
        this.#owns = body.owns;
        this.#settle.resolve(this);
        for (const waiting of this.#waiting.splice(0)) this.#post(waiting);
        break;
      case "state":
        this.#owns = body.owns;
        break;
      case "answer":
        this.#taken(body.ticket)?.resolve([value, files]);
        break;
      case "refused":
        this.#taken(body.ticket)?.reject(new PixelmillError({ ...body.error, ...(body.import && { imported: body.import.imported }) }));
        break;
      case "stored":
        this.#pending.get(body.ticket)?.onStored?.(body.assets);
        break;
      case "asksWhenLeft": {
        const left = stored("localStorage", (storage) => storage.getItem(this.#left));
        this.#post([{ left: left === null ? null : Number(left) }]);
        break;
      }
      case "event": {
        const type = EVENTS[typeof body === "string" ? body : Object.keys(body)[0]];
        if (type) this.dispatchEvent(new CustomEvent(type, { detail: value }));
      }
    }
  }

  #taken(ticket) {
    const pending = this.#pending.get(ticket);
    this.#pending.delete(ticket);
    return pending;
  }

  /** @internal */
  _call(name, parameters, files, onStored) {
    if (this.#over) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => {
      const ticket = this.#ticket++;
      const message = [{ call: [ticket, { [name]: parameters }] }, files];
      if (this.#accepts) this.#post(message);
      else this.#waiting.push(message);
      this.#pending.set(ticket, { resolve, reject, onStored });
    });
  }

  async importAssets(files, { onStored } = {}) {
    persist();
    return (await this._call("importAssets", { report: Boolean(onStored) }, [...files], onStored))[0];
  }

  async importModel(file, name = null) {
    persist();
    return (await this._call("importModel", { name }, file))[0];
  }

  async importArchive(archive) {
    persist();
    return (await this._call("importArchive", {}, archive))[0];
  }

  async exportArchive() {
    return (await this._call("exportArchive", {}))[1];
  }

  async readAsset(url) {
    return (await this._call("readAsset", { url }))[1];
  }

  /** Stops the service; calls under way are refused. */
  close() {
    if (!this.#over) this.#end(internal("The connection is closed."));
  }
}

function persist() {
  navigator.storage?.persist?.().catch(() => {});
}

for (const [name, signature] of Object.entries(CALLS)) {
  const [texts, json = ""] = signature.split("|").map((part) => part.split(" ").filter(Boolean));
  Pixelmill.prototype[name] = async function (...values) {
    const parameters = {};
    for (const key of texts) parameters[key] = String(values.shift());
    for (const key of json || []) parameters[key] = JSON.stringify(values.shift() ?? null);
    return (await this._call(name, parameters))[0];
  };
}

/** Starts the service of the deployment at `base`. */
export async function connect({ base, database } = {}) {
  const baseUrl = new URL(".", new URL(base ?? ".", document.baseURI)).href;
  const { files, program } = await (await fetched(baseUrl, "pixelmill.json")).json();
  const [module, glue] = await Promise.all([
    compiled(baseUrl, files["service_bg.wasm"]),
    fetched(baseUrl, files["service.js"]).then((response) => response.text()),
  ]);
  const text = [program.life, glue, program.bootstrap].join("\n");
  const script = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const setup = { baseUrl, files, workers: null, suspended: null, ...(database && { database }) };
  return new Pixelmill(script, module, setup).ready;
}
