// Runs in the service before its own code: sees every worker that it makes and what each is given, and can kill one.
//
// A message is an array whose first entry is its name, or an object with one key, the name. `self.deadly` is the id of an asset that no
// worker is to receive.

(() => {
  const RealWorker = self.Worker;
  const service = `${Date.now()}-${Math.random()}`;
  const channel = new BroadcastChannel("torture");
  let told = 0;
  const spy = {
    service,
    workers: [],
    /** How many executions were given to workers. */
    starts: 0,
    /** Called after a worker was given an execution: `(entry)`. */
    onStart: undefined,
    /** Called whenever a worker is ready. */
    onReady: undefined,
    /** Passes a record to the pages of this origin, which pass it on. */
    tell: (record) => channel.postMessage({ ...record, service, number: (told += 1), at: Date.now() }),
  };
  const nameOf = (message) => {
    const first = Array.isArray(message) ? message[0] : undefined;
    if (typeof first === "string") return [first, undefined];
    return first ? Object.entries(first)[0] : ["", undefined];
  };
  const ended = (entry) => {
    if (entry.busy) spy.tell({ kind: "end", ...entry.busy });
    entry.busy = undefined;
  };
  self.Worker = class extends RealWorker {
    constructor(...parameters) {
      super(...parameters);
      this.entry = { worker: this, created: performance.now(), ready: false, readyAt: undefined, dead: false, importer: false, busy: undefined };
      spy.workers.push(this.entry);
      this.addEventListener("message", ({ data }) => {
        const [name] = nameOf(data);
        if (name === "started") {
          this.entry.ready = true;
          this.entry.readyAt = Date.now();
          spy.onReady?.(this.entry);
        }
        if (name === "finished" || name === "unstored") ended(this.entry);
      });
    }

    postMessage(message, ...rest) {
      const [name, content] = nameOf(message);
      if (name === "import") this.entry.importer = true;
      // An image that kills the tab is not processed meanwhile, or it might finish before the tab is dead.
      const deadly = name === "run" && content.execution.inputAsset.assetId === self.deadly;
      if (!deadly) super.postMessage(message, ...rest);
      if (name === "run") {
        const { batchId, assetIndex, attempts, inputAsset } = content.execution;
        spy.starts += 1;
        this.entry.busy = { id: `${batchId}_exec-${assetIndex}`, attempt: attempts, assetId: inputAsset.assetId, name: inputAsset.inputs[0]?.name };
        spy.tell({ kind: "start", ...this.entry.busy });
        spy.onStart?.(this.entry);
      }
    }

    terminate() {
      ended(this.entry);
      this.entry.dead = true;
      super.terminate();
    }
  };
  /** Workers that run pictures, or will. */
  spy.pool = () => spy.workers.filter(({ dead, importer }) => !dead && !importer);
  /** How many of them are ready. */
  spy.ready = () => spy.pool().filter(({ ready }) => ready).length;
  /** Kills a worker as the system would: the service is not notified. */
  spy.kill = (entry) => {
    ended(entry);
    entry.dead = true;
    RealWorker.prototype.terminate.call(entry.worker);
  };
  self.torture = spy;
})();
