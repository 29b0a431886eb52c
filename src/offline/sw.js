// The service worker. It keeps whole builds of the page, so that the page starts without its server, and changes to another build only
// when nothing is lost by it. Whatever fails here, the browser asks the server as if there were no service worker.
//
// * Install fetches every file of its build, and counts as done only when all are there.
// * A navigation gets the page of the newest active build. Every other file has the hash of its content in its name or its folder's, so it
//   is looked up in all builds: a page of an older build still gets its own files.
// * A new build waits until the user asks for it (`offline.js`), and then until no page is busy.
// * Files that are shared with the app are set aside for the page.
// * Requests below `api/` are answered by `../http/router.js`.
//
// The inference code and the model are not part of a build: the page keeps them itself when they are first needed.

/** The build, as `cargo xtask build` writes it: its id, and the length of every file by name. */
const BUILD = { id: "", files: {} };

/** Matches a path with the hash of its content in it. */
const HASHED = /-[0-9a-f]{16}(\.\w+$|\/)/;

const SCOPE = new URL("./", self.location.href).href;
const PATH = new URL(SCOPE).pathname;

// Several installations may share an origin, and with it these names. `offline.js` has the same ones.
const CACHE_PREFIX = `pixelmill-build:${PATH}:`;
const CACHE = CACHE_PREFIX + BUILD.id;
const SHARED_CACHE = `pixelmill-shared:${PATH}`;
const SHARED = `${SCOPE}shared/`;
/** Held by every page, with the id of its build at the end. */
const PAGE_LOCK = `pixelmill-page:${PATH}:`;
/** Held by every page that would lose something if it were reloaded now. */
const BUSY_LOCK = `pixelmill-busy:${PATH}`;

/** Shared files that no page has fetched by then are removed, in ms. */
const SHARED_LIFETIME = 24 * 60 * 60 * 1000;

/** The answers are our own copies, so the headers that they once varied by do not matter. */
const ANY = { ignoreVary: true };

// `cargo xtask build` replaces this line with the file.
importScripts("./router.js");

self.addEventListener("install", (event) => event.waitUntil(keepBuild()));

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

self.addEventListener("message", (event) => {
  const [port] = event.ports;
  if (event.data === "build") port.postMessage(BUILD.id);
  if (event.data === "update") event.waitUntil(update(port));
  if (event.data === "clean") event.waitUntil(clean());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin || !url.pathname.startsWith(PATH)) return;
  const name = url.pathname.slice(PATH.length);
  if (request.method === "POST" && name === "share") event.respondWith(receive(request));
  else if (name.startsWith("api/") && !Object.hasOwn(BUILD.files, name)) return event.respondWith(answerApi(event));
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    if (name === "" || name === "index.html") event.respondWith(page(event));
  } else if (Object.hasOwn(BUILD.files, name) || HASHED.test(name)) {
    event.respondWith(file(request));
  }
});

/** Puts every file of the build into its cache. The page comes last: with it, the cache is complete. */
async function keepBuild() {
  const cache = await caches.open(CACHE);
  const page = await fetched(SCOPE, "no-cache");
  // A deployment that is under way may already serve this script and still the page of the build before, or the other way round.
  if (!(await page.clone().text()).includes(`name="pixelmill-build" content="${BUILD.id}"`)) throw new Error("the page is of another build");
  await Promise.all(
    Object.entries(BUILD.files).map(async ([name, length]) => {
      const hasHash = HASHED.test(name);
      // From an installation that was interrupted, or, if the name tells the content, from the build before.
      const known = hasHash ? await caches.match(SCOPE + name, ANY) : undefined;
      if (known && (await known.clone().blob()).size === length) return await cache.put(SCOPE + name, known);
      await cache.put(SCOPE + name, await fetched(SCOPE + name, hasHash ? "default" : "no-cache", length));
    }),
  );
  await cache.put(SCOPE, page);
}

/** A file from the server, received completely. */
async function fetched(url, cacheMode, length) {
  const answer = await fetch(url, { cache: cacheMode });
  if (!answer.ok) throw new Error(`${url}: the server answered ${answer.status}`);
  const body = await answer.blob();
  // Some hosts answer with a page of their own when a file is missing.
  const isPage = answer.headers.get("content-type")?.startsWith("text/html") ?? false;
  if (length === undefined ? !isPage : isPage || body.size !== length) throw new Error(`${url} is not the file of this build`);
  const headers = new Headers(answer.headers);
  // They describe the transfer. A new answer also has no trace of a redirection, which navigations do not accept.
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) headers.delete(name);
  return new Response(body, { headers });
}

/** The page. If the browser has dropped the build's cache, it is filled again. */
async function page(event) {
  const kept = await caches.match(SCOPE, { cacheName: CACHE, ...ANY }).catch(() => undefined);
  if (kept) return kept;
  const answer = fetch(event.request);
  event.waitUntil(answer.then(keepBuild).catch(() => {}));
  return await answer;
}

/** A file of this build or an older one. */
async function file(request) {
  const own = await caches.match(request.url, { cacheName: CACHE, ...ANY }).catch(() => undefined);
  return own ?? (await caches.match(request.url, ANY).catch(() => undefined)) ?? (await fetch(request));
}

/** Becomes the worker of every page, also of those that were open before there was a service worker. */
async function takeOver() {
  await self.clients.claim();
  await clean();
}

/** Activates this build if no page is busy, and says whether it does. The lock is held until the old worker has no say any more. */
async function update(port) {
  await navigator.locks.request(BUSY_LOCK, { ifAvailable: true }, async (lock) => {
    port.postMessage(lock !== null);
    if (lock) await self.skipWaiting();
  });
}

/** Removes the builds that no page uses, and shared files that nobody came for. */
async function clean() {
  const names = (await caches.keys()).filter((name) => name.startsWith(CACHE_PREFIX) && name !== CACHE);
  const { held } = await navigator.locks.query();
  // While another build is being installed, its cache looks unused.
  if (!self.registration.installing && !self.registration.waiting) {
    const used = (name) => held.some((lock) => lock.name === PAGE_LOCK + name.slice(CACHE_PREFIX.length));
    await Promise.all(names.filter((name) => !used(name)).map((name) => caches.delete(name)));
  }
  if (!(await caches.has(SHARED_CACHE))) return;
  const shared = await caches.open(SHARED_CACHE);
  for (const { url } of await shared.keys()) {
    if (parseInt(url.slice(SHARED.length), 10) < Date.now() - SHARED_LIFETIME) await shared.delete(url);
  }
}

/** Sets shared files aside, by the time they came, and opens the page, which fetches them. */
async function receive(request) {
  const id = `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  try {
    const files = (await request.formData()).getAll("files").filter((file) => file instanceof File);
    const cache = await caches.open(SHARED_CACHE);
    const kept = files.map((file, index) => {
      const headers = { "content-type": file.type, "x-name": encodeURIComponent(file.name) };
      return cache.put(`${SHARED}${id}/${index}`, new Response(file, { headers }));
    });
    await Promise.all(kept);
  } catch (error) {
    // The page finds none and says so.
    console.warn("Shared files could not be kept:", error);
  }
  return Response.redirect(`${SCOPE}?shared=${id}#/new`, 303);
}
