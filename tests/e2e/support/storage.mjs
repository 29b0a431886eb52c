// The storage from outside the product: a page of its origin, and the schema as it was at first.

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
 * Puts an empty database of the first version in the place of what is there. It stays open as `window.database`, and does not close for
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

/** Damages the stored contents of assets: `flip` changes a bit, `cut` leaves half, `gone` removes them. */
export async function tamper(page, assetIds, how) {
  await page.evaluate(
    async ([assetIds, how]) => {
      const { name } = (await indexedDB.databases()).find(({ name }) => name.startsWith("pixelmill:"));
      const database = await new Promise((resolve, reject) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const contents = new Map();
      for (const assetId of assetIds) {
        const request = database.transaction("contents").objectStore("contents").get(assetId);
        const blob = await new Promise((resolve) => {
          request.onsuccess = () => resolve(request.result);
        });
        const bytes = new Uint8Array(await blob.arrayBuffer());
        bytes[bytes.length >> 1] ^= 1;
        contents.set(assetId, new Blob([how === "cut" ? bytes.slice(0, bytes.length >> 1) : bytes], { type: blob.type }));
      }
      const transaction = database.transaction("contents", "readwrite");
      const store = transaction.objectStore("contents");
      for (const [assetId, blob] of contents) {
        if (how === "gone") store.delete(assetId);
        else store.put(blob, assetId);
      }
      await new Promise((resolve) => {
        transaction.oncomplete = resolve;
      });
      database.close();
    },
    [assetIds, how],
  );
}
