// The end of every worker's source text, after wasm-bindgen's glue and the encoders' loaders: waits for the
// compiled module, starts it, and reports a trap. Nothing here is fetched.
{
  let started;
  const report = (message) => {
    let exhausted = false;
    try {
      exhausted = Boolean(started?.pixelmill_memory_exhausted?.());
    } catch {
      // A trapped instance may refuse the call; then the message has to be enough.
    }
    self.postMessage([{ crashed: { message: String(message), exhausted } }]);
  };
  self.addEventListener("error", (event) => report(event.message || "error"));
  self.addEventListener("unhandledrejection", (event) => report(event.reason));
  self.addEventListener(
    "message",
    ({ data }) => {
      wasm_bindgen({ module_or_path: data }).then((exports) => {
        started = exports;
      }, report);
    },
    { once: true },
  );
}
