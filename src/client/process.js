// What the npm client and the element share: reaching a deployment, and one file through one workflow, with the client of
// either or a page's `window.pixelmill`.

/** How often the status is read while no event tells, in ms: an event may be lost together with the service. */
const PATIENCE_MS = 2000;
/** Reads in a row that may fail before the batch is given up. */
const MAX_FAILED_READS = 3;

/** The contract's error object as an exception. */
export class PixelmillError extends Error {
  constructor({ message, ...rest }) {
    super(message);
    this.name = "PixelmillError";
    Object.assign(this, rest);
  }
}

export const invalid = (message) => new PixelmillError({ error: "invalid_request", message, status: "failed", code: 400 });
export const internal = (message) => new PixelmillError({ error: "internal_error", message, status: "failed", code: 500 });

/** The folder of an address, by default of this document. */
export function folderOf(base) {
  const url = new URL(base ?? ".", document.baseURI);
  if (!/(\/|\.html)$/.test(url.pathname)) url.pathname += "/";
  return new URL(".", url).href;
}

/** A file of a deployment; `advice` is what helps where it is missing. */
export async function fetched(url, options, advice = "") {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    const checks = "Check the address, the server's CORS headers and this page's Content-Security-Policy";
    throw internal(`${url} cannot be fetched: ${error.message}. ${checks}.`);
  }
  // Some hosts answer with a page of their own when a file is missing.
  if (response.ok && !response.headers.get("content-type")?.startsWith("text/html")) return response;
  throw internal(`${url} is missing on its server.${advice}`);
}

/** Runs a workflow, by its document or its id, over one file; resolves with the results as files. */
export async function processFile(client, file, workflow, { signal, keep = false } = {}) {
  signal?.throwIfAborted();
  if (typeof workflow === "string") ({ workflow } = await client.getWorkflow(workflow));
  const copy = copied(workflow);
  const takesFile = ({ actionType, parameters }) => actionType === "input-images" && !parameters?.images?.length;
  const input = Array.isArray(copy?.actions) ? copy.actions.find((action) => action && takesFile(action)) : null;
  if (!input) throw invalid('The workflow has no "input-images" action without images, which is where the file goes.');
  const [{ name, url }] = await client.importAssets([file]);
  signal?.throwIfAborted();
  input.parameters = { ...input.parameters, images: [{ name, sourceUrl: url, storageType: "local" }] };
  const workflowId = copy.metadata?.workflowId || "process-file";
  // Known beforehand, so that nothing is left behind by a service that dies before it answers.
  const batchId = freshId();
  try {
    await client.executeBatch({ batchId, workflowId, workflow: copy });
    await completion(client, batchId, signal);
    return await resultsOf(client, batchId);
  } finally {
    // Either may have been done by somebody else.
    if (!keep) await client.deleteBatch(batchId).catch(() => {});
    else if (signal?.aborted) await client.cancelBatch(batchId).catch(() => {});
  }
}

/** Every execution of a batch, in order. */
export async function executionsOf(client, batchId) {
  const all = [];
  for (let more = true; more; ) {
    const { executions, pagination } = await client.listExecutions(batchId, { limit: 500, offset: all.length });
    all.push(...executions);
    more = pagination.hasMore;
  }
  return all;
}

function copied(workflow) {
  try {
    return JSON.parse(JSON.stringify(workflow) ?? "null");
  } catch (error) {
    throw invalid(`The workflow is not a JSON value: ${error.message}.`);
  }
}

function freshId() {
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "");
  const [random] = crypto.getRandomValues(new Uint32Array(1));
  return `batch-process-file-${day}-${random.toString(16).padStart(8, "0")}`;
}

function completion(client, batchId, signal) {
  const over = new AbortController();
  let [failed, isClosed] = [0, false];
  return new Promise((resolve, reject) => {
    const check = () =>
      client.getBatchStatus(batchId).then(
        ({ completedAt }) => {
          failed = 0;
          if (completedAt) resolve();
        },
        (error) => {
          failed += 1;
          if (isClosed || error.code === 404 || failed >= MAX_FAILED_READS) reject(error);
        },
      );
    const listen = (target, type, act) => target?.addEventListener(type, act, { signal: over.signal });
    listen(client, "batchcompleted", ({ detail }) => detail.batchId === batchId && resolve());
    listen(client, "statechange", check);
    listen(client, "close", () => {
      isClosed = true;
      check();
    });
    listen(signal, "abort", () => reject(signal.reason));
    const timer = setInterval(check, PATIENCE_MS);
    over.signal.addEventListener("abort", () => clearInterval(timer));
    if (signal?.aborted) reject(signal.reason);
    else check();
  }).finally(() => over.abort());
}

async function resultsOf(client, batchId) {
  const files = [];
  for (const execution of await executionsOf(client, batchId)) {
    const { status, error, errorCategory, phase, actionId, hint } = execution;
    if (status === "failed") {
      const details = { errorCategory, phase, actionId, hint, execution };
      throw new PixelmillError({ error: "execution_failed", message: error, status: "failed", code: 500, ...details });
    }
    if (status !== "success") throw internal("The batch was cancelled before the file was processed.");
    for (const { name, mimeType, url } of execution.outputs) {
      files.push(new File([await client.readAsset(url)], name, { type: mimeType }));
    }
  }
  return files;
}
