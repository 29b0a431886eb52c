// The end of every worker's source text, after wasm-bindgen's glue and the encoders' loaders: waits for the
// compiled module, starts it, and reports that it is alive, and a trap. Nothing here is fetched.
//
// The page's service speaks to the page that started it. The page also starts the service's workers, but only hands them a
// port to the service, which sends the module through it; the program finds the port in `self.service`.
{
  let started;
  let partner = self;
  const report = (message) => {
    let exhausted = false;
    try {
      exhausted = Boolean(started?.pixelmill_memory_exhausted?.());
    } catch {
      // A trapped instance may refuse the call; then the message has to be enough.
    }
    partner.postMessage([{ crashed: { message: String(message), exhausted } }]);
  };
  const start = ({ data }) => {
    wasm_bindgen({ module_or_path: data }).then((exports) => {
      started = exports;
    }, report);
  };
  self.addEventListener("error", (event) => report(event.message || "error"));
  self.addEventListener("unhandledrejection", (event) => report(event.reason));
  self.addEventListener(
    "message",
    (event) => {
      const [port] = event.ports;
      if (port) {
        partner = self.service = port;
        port.addEventListener("message", start, { once: true });
        port.start();
      } else start(event);
      held?.then(() => partner.postMessage(["alive"]));
    },
    { once: true },
  );
}
