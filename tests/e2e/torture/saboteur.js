// Runs in the service and in every worker before their own code: aborts one transaction of IndexedDB on command.
//
// The command is `{ realm, after, manner }`: the transaction to abort, counted from now, in every realm of that kind. A service gets it through
// `torturePlan` or, if it is about to be started, as `tortureOrder`; its workers through a channel.

(() => {
  const realm = self.name.startsWith("pixelmill-service:") ? "service" : "worker";
  const channel = new BroadcastChannel("torture-sabotage");
  let order;
  const injured = (manner, stores) => channel.postMessage({ injured: { realm, manner, stores } });
  const real = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (...parameters) {
    const transaction = real.apply(this, parameters);
    if (order && --order.after === 0) {
      const { manner } = order;
      order = undefined;
      const abort = () => {
        try {
          transaction.abort();
          injured(manner, [...transaction.objectStoreNames].join(" "));
        } catch {
          // The transaction was faster.
        }
      };
      if (manner === "at its end" && transaction.mode === "readwrite") transaction.commit = abort;
      else if (manner === "at its beginning") Promise.resolve().then(abort);
      else setTimeout(abort);
    }
    return transaction;
  };
  channel.addEventListener("message", ({ data }) => {
    if (data.order) order = data.order.realm === realm ? { ...data.order } : undefined;
  });
  if (realm === "service") {
    self.torturePlan = (plan) => {
      order = plan?.realm === realm ? { ...plan } : undefined;
      channel.postMessage({ order: plan ?? { realm: "none" } });
    };
    if (self.tortureOrder) order = { ...self.tortureOrder };
    // The service makes its workers from source text: this is inserted in front of it.
    const RealBlob = self.Blob;
    self.Blob = new Proxy(RealBlob, {
      construct(target, [parts = [], options = {}]) {
        const isWorker = options.type === "text/javascript" && [...parts].some((part) => typeof part === "string" && part.includes("wasm_bindgen"));
        return new target(isWorker ? [self.tortureSource, "\n", ...parts] : parts, options);
      },
    });
  }
})();
