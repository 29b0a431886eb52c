// The page's side of the API over HTTP: makes the calls that the service worker (`router.js`) passes on, as `window.pixelmill` does, and
// accepts the batches that it set aside while no page was open.

const { pathname: PATH } = new URL("./", document.baseURI);
// `router.js` has the same names.
const WAITING_CACHE = `pixelmill-waiting:${PATH}`;
/** Held by the page that accepts the batches. */
const WAITING_LOCK = `pixelmill-waiting:${PATH}`;
/** How long the error of a batch that was refused is kept, in ms. */
const REFUSED_MS = 24 * 60 * 60 * 1000;

/** How long the page may take to start, in ms. */
const START_MS = 60_000;
/** How often to look whether it has. */
const STEP_MS = 50;

/** Held as long as this page lives, so that the service worker notices its end. */
const LIFE = `pixelmill-http:${crypto.randomUUID?.() ?? Math.random()}`;
const living = new Promise((resolve) => {
  if (!navigator.locks) resolve();
  else navigator.locks.request(LIFE, () => (resolve(), new Promise(() => {}))).catch(resolve);
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

function listen() {
  const workers = navigator.serviceWorker;
  workers?.addEventListener("message", async ({ data, ports: [port] }) => {
    if (!data?.pixelmillCall || !port) return;
    await living;
    // The service worker may have given up on this page: it was suspended, or another one has made the call.
    port.onmessage = async () => port.postMessage(await outcome(data.pixelmillCall));
    port.postMessage({ heard: LIFE });
  });
  workers?.startMessages();
}

/** Accepts the batches that were set aside. Each has its id, so one whose page ended in between is not accepted twice. */
async function acceptWaiting() {
  if (!(await caches.has(WAITING_CACHE))) return;
  const cache = await caches.open(WAITING_CACHE);
  for (const key of await cache.keys()) {
    const { request, accepted, error } = await (await cache.match(key)).json();
    if (error) {
      if (Date.parse(accepted.createdAt) < Date.now() - REFUSED_MS) await cache.delete(key);
      continue;
    }
    const { error: refusal } = await outcome({ name: "executeBatch", parameters: [{ value: request }], version: null });
    // Trouble of this device may be over next time.
    if (refusal && refusal.code >= 500) continue;
    if (refusal) await cache.put(key, new Response(JSON.stringify({ request, accepted, error: refusal })));
    else await cache.delete(key);
  }
}

async function accept() {
  if (window.caches && navigator.locks) await navigator.locks.request(WAITING_LOCK, acceptWaiting);
}

async function start() {
  // Some browsers throw where they allow no service workers or caches.
  listen();
  // While this page was suspended, the service worker may have found none.
  document.addEventListener("resume", () => accept().catch(() => {}));
  addEventListener("pageshow", ({ persisted }) => persisted && accept().catch(() => {}));
  await accept();
}

start().catch((error) => console.warn("Requests over HTTP are not answered, or batches that were set aside could not be accepted:", error));
