// What the page does before and beside its program to work installed and offline: it registers the service worker, applies a new build
// when the user asks for it and nothing is lost, and receives files that the system opens or shares with the app.
//
// It runs before the program starts, since files that nobody is there to receive are lost. It talks with the program by events on the
// window. The program sends `pixelmill-ready` once it listens, `pixelmill-busy` (whether a reload would lose something) and
// `pixelmill-apply` (the user wants the new build). It receives `pixelmill-update` (a word of the new build's state) and
// `pixelmill-opened` (an array of files). `start.js` sends `pixelmill-failed` when the program does not start.

const { pathname: PATH } = new URL("./", document.baseURI);
/** Empty in a page that was not built by `cargo xtask build`. */
const BUILD = document.querySelector("meta[name=pixelmill-build]")?.content ?? "";
// `sw.js` has the same names.
const PAGE_LOCK = `pixelmill-page:${PATH}:${BUILD}`;
const BUSY_LOCK = `pixelmill-busy:${PATH}`;
const SHARED_CACHE = `pixelmill-shared:${PATH}`;

/** How often the server is asked for a new build while the page stays open, in ms. */
const UPDATE_INTERVAL = 60 * 60 * 1000;
/** How often a postponed update is tried again, in ms. */
const RETRY_INTERVAL = 1000;
/** How long a service worker may take to answer, in ms. */
const PATIENCE = 10_000;

const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const tell = (name, detail) => window.dispatchEvent(new CustomEvent(`pixelmill-${name}`, { detail }));

// Files that the system hands over.

const waitingFiles = [];
let isReady = false;

function hand(files) {
  if (isReady) tell("opened", files);
  else waitingFiles.push(files);
}

window.launchQueue?.setConsumer(async ({ files, targetURL }) => {
  // An app that is open already is only focused: shortcuts name a view.
  const { hash } = new URL(targetURL ?? location.href);
  if (hash && !files?.length) location.hash = hash;
  if (files?.length) hand(await Promise.all(files.map((handle) => handle.getFile())));
});

/** Fetches the files that the service worker set aside, and removes them there. */
async function takeShared() {
  const address = new URL(location.href);
  const id = address.searchParams.get("shared");
  if (id === null) return;
  address.searchParams.delete("shared");
  history.replaceState(history.state, "", address);
  const files = [];
  try {
    const cache = await caches.open(SHARED_CACHE);
    for (let index = 0; ; index += 1) {
      const key = new URL(`shared/${id}/${index}`, document.baseURI).href;
      const kept = await cache.match(key);
      if (!kept) break;
      const name = decodeURIComponent(kept.headers.get("x-name"));
      files.push(new File([await kept.blob()], name, { type: kept.headers.get("content-type") ?? "" }));
      await cache.delete(key);
    }
  } catch (error) {
    console.warn("Shared files could not be read:", error);
  }
  hand(files);
}

takeShared();

// Builds.

/** `""`, `"ready"` when a new build can be applied, `"postponed"` while one waits for pages that are busy. */
let update = "";

function setUpdate(state) {
  update = state;
  if (isReady) tell("update", state);
}

/** A service worker's answer; undefined if it gives none. */
function ask(worker, question) {
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
  worker.postMessage(question, [port2]);
  return Promise.race([answer, after(PATIENCE)]).finally(() => port1.close());
}

/** Ends the page's hold on the lock; undefined while a reload loses nothing. */
let becomeIdle;

window.addEventListener("pixelmill-busy", ({ detail: isBusy }) => {
  becomeIdle?.();
  becomeIdle = undefined;
  if (!isBusy) return;
  const idle = new Promise((resolve) => (becomeIdle = resolve));
  navigator.locks?.request(BUSY_LOCK, { mode: "shared" }, () => idle).catch(() => {});
});

/** Reloads the page when nothing is lost by it, to get the build that is active. */
async function reload() {
  while (becomeIdle) {
    setUpdate("postponed");
    await after(RETRY_INTERVAL);
  }
  location.reload();
}

let isApplying = false;

/** Makes a build that waits the active one as soon as no page is busy; then every page reloads. */
async function apply(registration) {
  if (isApplying) return;
  isApplying = true;
  while (registration?.waiting) {
    if (await ask(registration.waiting, "update")) return;
    setUpdate("postponed");
    await after(RETRY_INTERVAL);
  }
  // It is active already, and only this page is of another build.
  await reload();
}

/** Announces a build that waits. */
async function look(registration) {
  const { waiting, active } = registration;
  if (!waiting || !active) return;
  const build = await ask(waiting, "build");
  if (build && build !== BUILD && update === "") setUpdate("ready");
}

async function follow() {
  const workers = navigator.serviceWorker;
  let isControlled = workers.controller !== null;
  workers.addEventListener("controllerchange", async () => {
    const hadOld = isControlled;
    isControlled = true;
    const build = workers.controller && (await ask(workers.controller, "build"));
    if (!build || build === BUILD) return;
    // The user has asked for the new build, perhaps in another tab; or else there was no service worker before, and this page came from
    // an older copy.
    if (hadOld) reload();
    else setUpdate("ready");
  });
  const registration = await workers.register(new URL("sw.js", document.baseURI), { updateViaCache: "none" });
  if (!registration) return undefined;
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", () => look(registration));
  });
  look(registration);
  registration.active?.postMessage("clean");
  let asked = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || Date.now() < asked + UPDATE_INTERVAL) return;
    asked = Date.now();
    registration.update().catch(() => {});
  });
  return registration;
}

/** A service worker exists in a secure context only, and browsers refuse it where they refuse storage: the page works without one. */
function followed() {
  if (!BUILD || !("serviceWorker" in navigator) || !navigator.locks) return Promise.resolve(undefined);
  return follow().catch((error) => {
    console.info("There is no service worker, so the page needs its server to start:", error);
  });
}

// For as long as the page lives. A browser that denies storage denies locks too.
navigator.locks?.request(PAGE_LOCK, { mode: "shared" }, () => new Promise(() => {})).catch(() => {});

let registered;
window.addEventListener("pixelmill-ready", () => {
  isReady = true;
  for (const files of waitingFiles.splice(0)) tell("opened", files);
  tell("update", update);
  // Only now, so that it does not compete with the start.
  registered ??= followed();
});

window.addEventListener("pixelmill-apply", async () => apply(await registered));

// A build that does not start cannot announce the one that repairs it.
window.addEventListener("pixelmill-failed", async () => {
  const registration = await (registered ??= followed());
  if (!registration?.active) return;
  await registration.update().catch(() => {});
  const next = registration.installing;
  if (next) await new Promise((resolve) => next.addEventListener("statechange", resolve, { once: true }));
  if (registration.waiting) apply(registration);
});
