// Runs in the page before its own code: sees every worker that it makes and what each is given, and can kill one.
//
// A worker's messages are arrays whose first entry is a JSON text with one key, the message's name.

(() => {
  if (!location.protocol.startsWith("http")) return;
  const RealWorker = window.Worker;
  const document = `${Date.now()}-${Math.random()}`;
  const spy = {
    document,
    workers: [],
    /** Executions given to workers: `{ id, attempt, at }`. */
    starts: 0,
    /** Called after a worker was given an execution: `(entry)`. */
    onStart: undefined,
    /** Called whenever a worker is ready. */
    onReady: undefined,
  };
  const nameOf = (message) => {
    try {
      const read = JSON.parse(message[0]);
      return typeof read === "string" ? [read, undefined] : Object.entries(read)[0];
    } catch {
      return ["", undefined];
    }
  };
  const tell = (kind, entry) => {
    if (window.tortureTold && entry.busy) window.tortureTold({ kind, document, ...entry.busy, at: Date.now() });
  };
  window.Worker = class extends RealWorker {
    constructor(...parameters) {
      super(...parameters);
      this.entry = { worker: this, created: performance.now(), ready: false, dead: false, importer: false, busy: undefined };
      spy.workers.push(this.entry);
      this.addEventListener("message", ({ data }) => {
        const [name] = nameOf(data);
        if (name === "started") {
          this.entry.ready = true;
          spy.onReady?.(this.entry);
        }
        if (name === "finished" || name === "unstored") {
          tell("end", this.entry);
          this.entry.busy = undefined;
        }
      });
    }

    postMessage(message, ...rest) {
      const [name, content] = nameOf(message);
      if (name === "import") this.entry.importer = true;
      // An image that kills the tab is not processed meanwhile, or it might finish before the tab is dead.
      const deadly = name === "run" && content.execution.inputAsset.assetId === localStorage.getItem("torture.deadly");
      if (!deadly) super.postMessage(message, ...rest);
      if (name === "run") {
        const { batchId, assetIndex, attempts, inputAsset } = content.execution;
        spy.starts += 1;
        this.entry.busy = { id: `${batchId}_exec-${assetIndex}`, attempt: attempts, assetId: inputAsset.assetId, name: inputAsset.inputs[0]?.name };
        tell("start", this.entry);
        spy.onStart?.(this.entry);
      }
    }

    terminate() {
      if (!this.entry.dead) tell("end", this.entry);
      this.entry.dead = true;
      super.terminate();
    }
  };
  /** Workers that run pictures, or will. */
  spy.pool = () => spy.workers.filter(({ dead, importer }) => !dead && !importer);
  /** How many of them are ready. */
  spy.ready = () => spy.pool().filter(({ ready }) => ready).length;
  /** Kills a worker as the system would: the page is not notified. */
  spy.kill = (entry) => {
    entry.dead = true;
    RealWorker.prototype.terminate.call(entry.worker);
  };
  window.torture = spy;
})();
