// The page's side of the API over HTTP: makes the calls that the service worker (`router.js`) passes on, as `window.pixelmill` does.

/** How long the page may take to start, in ms. */
const START_MS = 60_000;
/** How often to look whether it has. */
const STEP_MS = 50;

/** Held as long as this page lives, so that the service worker notices its end. */
const LIFE = `pixelmill-http:${crypto.randomUUID?.() ?? Math.random()}`;
const living = new Promise((resolve) => {
  if (!navigator.locks) resolve();
  else navigator.locks.request(LIFE, () => (resolve(), new Promise(() => {})));
});

const failure = (error, code, message) => ({ error, message, status: "failed", code });

async function client() {
  for (const end = Date.now() + START_MS; !window.pixelmill; await new Promise((resolve) => setTimeout(resolve, STEP_MS))) {
    if (Date.now() > end) throw failure("internal_error", 500, "Pixelmill does not start in the page that is open. Reload it.");
  }
  return window.pixelmill;
}

function argument({ json, value }) {
  if (json === undefined) return value;
  try {
    return JSON.parse(json);
  } catch (error) {
    throw failure("invalid_request", 400, `The body is not JSON: ${error.message}`);
  }
}

async function outcome({ name, parameters, version }) {
  try {
    const values = parameters.map(argument);
    const pixelmill = await client();
    return { answer: await pixelmill[name](...values, ...(version === null ? [] : [{ apiVersion: version }])) };
  } catch (error) {
    return { error: error.code ? { ...error } : failure("internal_error", 500, String(error.message ?? error)) };
  }
}

navigator.serviceWorker?.addEventListener("message", async ({ data, ports: [port] }) => {
  if (!data?.pixelmillCall || !port) return;
  await living;
  port.postMessage({ heard: LIFE });
  port.postMessage(await outcome(data.pixelmillCall));
});
navigator.serviceWorker?.startMessages();
