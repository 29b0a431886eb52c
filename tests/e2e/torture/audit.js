// Runs in the page, which has no database of its own: reads the whole one, independently of the product, and returns what is wrong with it.
//
// Bytes are checked against their SHA-256, which is their name; counters against the records they count; reference counts against the referring records.

async () => {
  const faults = [];
  const wrong = (text) => {
    if (faults.length < 20) faults.push(text);
  };
  const answered = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const { name } = (await indexedDB.databases()).find(({ name }) => name.startsWith("pixelmill:"));
  const database = await answered(indexedDB.open(name));
  const read = async (store, method = "getAll") => await answered(database.transaction(store).objectStore(store)[method]());
  const [assets, batches, progress, executions, models, workflows] = await Promise.all(
    ["assets", "batches", "progress", "executions", "models", "workflows"].map((store) => read(store)),
  );
  const keys = await read("contents", "getAllKeys");

  const expected = new Map();
  const refer = (id) => expected.set(id, (expected.get(id) ?? 0) + 1);
  for (const batch of batches) batch.references.forEach(refer);
  for (const model of models) refer(model.assetId);
  for (const workflow of workflows) workflow.references.forEach(refer);
  let outputs = 0;
  const byBatch = new Map(progress.map(({ batchId }) => [batchId, []]));
  const known = new Map(assets.map((asset) => [asset.assetId, asset]));
  for (const one of executions) {
    const id = `${one.batchId}_exec-${one.assetIndex}`;
    if (byBatch.has(one.batchId)) byBatch.get(one.batchId).push(one);
    else wrong(`${id} belongs to no batch`);
    one.outputs.forEach(({ sha256 }) => refer(sha256));
    if (one.inputThumbnail) refer(one.inputThumbnail);
    if (one.outputThumbnail) refer(one.outputThumbnail);
    const [input] = one.inputAsset.inputs;
    if (one.inputAsset.assetId && input && !input.sourceUrl.startsWith("asset:")) refer(one.inputAsset.assetId);
    if ((one.status === "success") !== one.outputs.length > 0) wrong(`${id} is ${one.status} with ${one.outputs.length} outputs`);
    if (one.status === "failed" && !one.failure) wrong(`${id} failed without a reason`);
    for (const { sha256, bytes } of one.outputs) {
      outputs += 1;
      if (known.get(sha256)?.bytes !== bytes) wrong(`${id}: its output of ${bytes} bytes is ${JSON.stringify(known.get(sha256))}`);
    }
  }
  for (const one of progress) {
    const own = byBatch.get(one.batchId);
    const count = (...states) => own.filter(({ status }) => states.includes(status)).length;
    const found = { total: own.length, pending: count("pending"), processing: count("running"), completed: count("success"), failed: count("failed") };
    for (const [key, value] of Object.entries(found)) {
      if (one.assets[key] !== value) wrong(`${one.batchId} counts ${one.assets[key]} ${key}, it has ${value}`);
    }
  }
  if (batches.length !== progress.length) wrong(`${batches.length} requests, ${progress.length} records of progress`);

  const stored = new Set(keys);
  for (const { assetId } of assets) if (!stored.has(assetId)) wrong(`${assetId} has a record and no bytes`);
  for (const key of keys) if (!known.has(key)) wrong(`${key} has bytes and no record`);
  for (const { assetId, references } of assets) {
    if (references !== (expected.get(assetId) ?? 0)) wrong(`${assetId} counts ${references} references, it has ${expected.get(assetId) ?? 0}`);
  }
  for (const id of expected.keys()) if (!known.has(id)) wrong(`${id} is referred to and not there`);

  const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  let corrupt = 0;
  for (const key of keys) {
    const blob = await answered(database.transaction("contents").objectStore("contents").get(key));
    const found = await blob.arrayBuffer().then((bytes) => crypto.subtle.digest("SHA-256", bytes)).then(hex, String);
    if (found === key && blob.size === known.get(key)?.bytes) continue;
    corrupt += 1;
    wrong(`the bytes of ${key} (${blob.size}) are ${found}`);
  }
  database.close();
  return { faults, corrupt, assets: assets.length, executions: executions.length, outputs };
}
