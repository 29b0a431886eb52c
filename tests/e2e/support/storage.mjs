// Access to the storage from outside the product: a page of its origin, and the first version of the schema.

/** A page of the same origin without the product. */
export async function bystander(context, url) {
  await context.route(`${url}empty.html`, (route) => route.fulfill({ contentType: "text/html", body: '<link rel="icon" href="data:,">' }));
  const page = await context.newPage();
  await page.goto(`${url}empty.html`);
  return page;
}

/** The name of the database of the installation at an address. */
export function databaseOf(url) {
  return `pixelmill:${new URL(url).pathname}`;
}

/**
 * Replaces the database with an empty one of the first version. It stays open as `window.database`, and does not close for
 * another version.
 */
export async function openFirstVersion(page, url) {
  await page.evaluate(async (name) => {
    const settled = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
    await settled(indexedDB.deleteDatabase(name));
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => {
      const database = opening.result;
      database.createObjectStore("assets", { keyPath: "assetId" }).createIndex("byReferences", ["references", "createdAt"]);
      database.createObjectStore("contents");
      database.createObjectStore("batches", { keyPath: "batchId" });
      database.createObjectStore("progress", { keyPath: "batchId" }).createIndex("byCreation", "createdAt");
      database.createObjectStore("executions", { keyPath: ["batchId", "assetIndex"] }).createIndex("byStatus", ["batchId", "status", "assetIndex"]);
      database.createObjectStore("workflows", { keyPath: "workflowId" });
      database.createObjectStore("settings", { keyPath: "key" });
    };
    window.database = await settled(opening);
  }, databaseOf(url));
}

/**
 * Rewrites stored contents behind the product's back: `[{ key, manner, at }]`, the manner `flipped` (a bit), `zeroed`, `shortened`, `emptied` or
 * `gone`, at a share of the length.
 */
export async function damage(page, injuries) {
  await page.evaluate(async (injuries) => {
    const answered = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const { name } = (await indexedDB.databases()).find(({ name }) => name.startsWith("pixelmill:"));
    const database = await answered(indexedDB.open(name));
    for (const { key, manner, at } of injuries) {
      const blob = await answered(database.transaction("contents").objectStore("contents").get(key));
      const bytes = new Uint8Array(await blob.arrayBuffer());
      const place = Math.floor(at * bytes.length);
      if (manner === "flipped") bytes[place] ^= 1;
      if (manner === "zeroed") bytes.fill(0, place, place + 512);
      // There may have been zeros already.
      if (manner === "zeroed") bytes[0] ^= 0xff;
      const kept = manner === "shortened" ? bytes.subarray(0, place) : manner === "emptied" ? bytes.subarray(0, 0) : bytes;
      const contents = database.transaction("contents", "readwrite").objectStore("contents");
      await answered(manner === "gone" ? contents.delete(key) : contents.put(new Blob([kept], { type: blob.type }), key));
    }
    database.close();
  }, injuries);
}

/** Removes stored files behind the product's back, as its sweep does. */
export async function sweep(page, assetIds) {
  await page.evaluate(async (assetIds) => {
    const { name } = (await indexedDB.databases()).find(({ name }) => name.startsWith("pixelmill:"));
    const database = await new Promise((resolve) => (indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result)));
    const transaction = database.transaction(["assets", "contents"], "readwrite");
    for (const assetId of assetIds) for (const store of ["assets", "contents"]) transaction.objectStore(store).delete(assetId);
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();
  }, assetIds);
}

/** The settings whose keys have this prefix, as `{ key: value }`; or with changes of the same form, the settings after them (null removes). */
export async function settings(page, prefix, changes = {}) {
  return await page.evaluate(
    async ([prefix, changes]) => {
      const answered = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
      const { name } = (await indexedDB.databases()).find(({ name }) => name.startsWith("pixelmill:"));
      const database = await answered(indexedDB.open(name));
      const store = database.transaction("settings", "readwrite").objectStore("settings");
      for (const [key, value] of Object.entries(changes)) await answered(value === null ? store.delete(key) : store.put({ key, value }));
      const all = await answered(store.getAll());
      database.close();
      return Object.fromEntries(all.filter(({ key }) => key.startsWith(prefix)).map(({ key, value }) => [key, value]));
    },
    [prefix, changes],
  );
}
