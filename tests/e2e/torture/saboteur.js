// Runs in the page and in every worker before their own code: aborts one transaction of IndexedDB on command.
//
// The command comes as `{ realm, after, manner }`, through a channel or, for a page that is about to be reloaded, in its local storage: the
// transaction to abort, counted from now, in every realm of that kind.

(() => {
  const realm = self.document ? "page" : "worker";
  if (realm === "page" && !location.protocol.startsWith("http")) return;
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
  if (realm === "page") {
    window.torturePlan = (plan) => {
      order = plan?.realm === realm ? { ...plan } : undefined;
      channel.postMessage({ order: plan ?? { realm: "none" } });
    };
    const planned = localStorage.getItem("torture.plan");
    localStorage.removeItem("torture.plan");
    if (planned) order = JSON.parse(planned);
    // The page makes its workers from source text: this is inserted in front of it.
    const RealBlob = window.Blob;
    window.Blob = new Proxy(RealBlob, {
      construct(target, [parts = [], options = {}]) {
        const isWorker = options.type === "text/javascript" && [...parts].some((part) => typeof part === "string" && part.includes("wasm_bindgen"));
        return new target(isWorker ? [self.tortureSource, "\n", ...parts] : parts, options);
      },
    });
  }
})();
