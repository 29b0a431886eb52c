// Runs in the service before its own code: sees every worker that it makes and what each is given, and can kill one.
//
// A message is an array whose first entry is its name, or an object with one key, the name. `self.deadly` is the id of an asset that no
// worker is to receive.

(() => {
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
  // The page starts a worker for the service, which speaks to it through a port.
  self.MessageChannel = class extends MessageChannel {
    constructor() {
      super();
      const { port1: port } = this;
      const entry = { port2: this.port2, name: undefined, created: performance.now(), ready: false, readyAt: undefined, dead: false, importer: false, busy: undefined };
      spy.workers.push(entry);
      port.addEventListener("message", ({ data }) => {
        const [name] = nameOf(data);
        if (name === "started") {
          entry.ready = true;
          entry.readyAt = Date.now();
          spy.onReady?.(entry);
        }
        if (name === "finished" || name === "unstored") ended(entry);
      });
      const [post, close] = [port.postMessage.bind(port), port.close.bind(port)];
      port.postMessage = (message, ...rest) => {
        const [name, content] = nameOf(message);
        if (name === "import") entry.importer = true;
        // An image that kills the tab is not processed meanwhile, or it might finish before the tab is dead.
        const deadly = name === "run" && content.execution.inputAsset.assetId === self.deadly;
        if (!deadly) post(message, ...rest);
        if (name === "run") {
          const { batchId, assetIndex, attempts, inputAsset } = content.execution;
          spy.starts += 1;
          entry.busy = { id: `${batchId}_exec-${assetIndex}`, attempt: attempts, assetId: inputAsset.assetId, name: inputAsset.inputs[0]?.name };
          spy.tell({ kind: "start", ...entry.busy });
          spy.onStart?.(entry);
        }
      };
      port.close = () => {
        ended(entry);
        entry.dead = true;
        close();
      };
    }
  };
  const tellPage = self.postMessage.bind(self);
  self.postMessage = (message, ...rest) => {
    const [name, content] = nameOf(message);
    if (name === "startWorker") spy.workers.find(({ port2 }) => port2 === message[1]).name = content.name;
    tellPage(message, ...rest);
  };
  /** Workers that run pictures, or will. */
  spy.pool = () => spy.workers.filter(({ dead, importer }) => !dead && !importer);
  /** How many of them are ready. */
  spy.ready = () => spy.pool().filter(({ ready }) => ready).length;
  /** Kills a worker as the system would: the service is not notified. */
  spy.kill = (entry) => {
    ended(entry);
    entry.dead = true;
    tellPage([{ stopWorker: { name: entry.name } }]);
  };
  self.torture = spy;
})();
