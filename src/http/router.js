// The API over HTTP, in the service worker: it turns requests below `api/` into calls of a page's client and answers into responses.
// `cargo xtask build` puts this file and the table of routes into `sw.js`.
//
// A service worker cannot run a batch: it has no workers, and the browser ends it after minutes. So every call is passed on to a page
// (`page.js`). If none is open, a batch is set aside, and the next page accepts it.
//
// Only pages of this origin that the service worker controls get here; browsers send it no requests of other sites except navigations, and
// those may only read.

/** `routes.json`. */
const ROUTES = [];

const API = `${SCOPE}api/`;
/** How long a page may take to say that it received a call, in ms. A page that the browser has suspended never does. */
const HEARD_MS = 3_000;
/** Most bytes of a body that is JSON. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/** Where batches wait for a page, each by its address. `page.js` has the same names. */
const WAITING_CACHE = `pixelmill-waiting:${PATH}`;
const WAITING = `${SCOPE}waiting/`;

/** What is sent instead of the answer. It has the contract's error object as its body. */
class Refused extends Error {
  constructor(code, error, message, headers = {}) {
    super(message);
    this.headers = headers;
    this.body = { error, message, status: "failed", code };
  }
}

const PATTERNS = ROUTES.map((route) => {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const pattern = new RegExp(`^${route.path.replace(/\{\w+\}/g, "([^/]+)")}$`);
  return { ...route, names, pattern };
});

/** Answers a request below `api/`. Never rejects. */
async function answerApi(event) {
  const version = event.request.headers.get("api-version");
  let response;
  try {
    response = await routed(event, version);
  } catch (error) {
    // A rejected call carries the error object.
    const body = error.body ?? { error: "internal_error", message: `The request could not be answered: ${error.message}`, status: "failed", code: 500 };
    response = json(body, body.code, error.headers);
  }
  response.headers.set("api-version", "1.0");
  return response;
}

async function routed(event, version) {
  const { request } = event;
  const url = new URL(request.url);
  const path = url.pathname.slice(new URL(API).pathname.length);
  if (request.mode === "navigate" && request.method !== "GET") {
    // A form of any site may do this.
    throw new Refused(403, "forbidden", "Navigations may only read. Send the request with fetch.");
  }
  const atPath = PATTERNS.filter(({ pattern }) => pattern.test(path));
  const method = request.method === "HEAD" ? "GET" : request.method;
  const route = atPath.find((route) => route.method === method);
  if (!atPath.length) throw new Refused(404, "not_found", `There is nothing at "api/${path}". The routes are listed in ${API}openapi.json.`);
  if (!route) {
    const allow = [...new Set(atPath.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])))].join(", ");
    throw new Refused(405, "method_not_allowed", `"${request.method}" is not supported for "api/${path}". Use ${allow}.`, { allow });
  }
  const values = decoded(route, path);
  const readers = {
    query: () => queryOf(url),
    body: () => jsonOf(request),
    path: () => values,
    files: () => filesOf(request),
    asset: () => (checkId(values.assetId), `asset:${values.assetId}`),
  };
  const parameters = [];
  for (const name of route.arguments) parameters.push(await (readers[name] ?? (() => values[name]))());
  const { answer, isWaiting } = await callOrWait(event, route, parameters, version);
  if (isWaiting) return json(answer, route.status, { "retry-after": "5" });
  if (route.call === "readAsset") return download(request, values.assetId, answer);
  if (typeof answer === "string") return new Response(answer, { status: route.status, headers: { "content-type": "text/csv; charset=utf-8" } });
  return json(route.call === "importAssets" ? { assets: answer } : answer, route.status);
}

/** The values of a path's parameters. */
function decoded({ pattern, names }, path) {
  const [, ...raw] = pattern.exec(path);
  try {
    return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(raw[index])]));
  } catch {
    throw new Refused(400, "invalid_request", `The path "api/${path}" has a "%" that no two hexadecimal digits follow. Write it as %25.`);
  }
}

function queryOf(url) {
  const query = {};
  for (const [name, value] of url.searchParams) {
    if (Object.hasOwn(query, name)) throw new Refused(400, "invalid_request", `"${name}" is given more than once. Give it once.`);
    query[name] = value;
  }
  return query;
}

/** The body as text, which the page reads: nesting of any depth gets that far. */
async function jsonOf(request) {
  const type = mediaType(request);
  if (type !== "application/json" && !type.endsWith("+json")) {
    throw new Refused(415, "unsupported_media_type", `The body is ${type || "of no type"}. Send JSON, with the header "content-type: application/json".`);
  }
  const body = await request.blob();
  if (body.size > MAX_JSON_BYTES) throw new Refused(413, "payload_too_large", `The body has ${body.size} bytes. Send at most ${MAX_JSON_BYTES}.`);
  return new JsonText(await body.text());
}

/** An argument that the page has to parse. */
class JsonText {
  constructor(text) {
    this.text = text;
  }
}

function mediaType(request) {
  return (request.headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
}

/** The files of an upload: the parts of a form, or the whole body. The browser keeps large bodies on disk. */
async function filesOf(request) {
  const type = mediaType(request);
  if (type === "multipart/form-data") {
    let form;
    try {
      form = await request.formData();
    } catch {
      throw new Refused(400, "invalid_request", "The form cannot be read. Send multipart/form-data with its boundary, or a file as the whole body.");
    }
    const files = [...form.values()].filter((value) => value instanceof File);
    if (!files.length) throw new Refused(400, "invalid_request", "The form has no file. Add at least one part with a file name.");
    return files;
  }
  const body = await request.blob();
  if (!body.size) throw new Refused(400, "invalid_request", "The body is empty. Send the file's content.");
  let name = request.headers.get("x-file-name") ?? "";
  try {
    name = decodeURIComponent(name);
  } catch {
    // It is meant literally.
  }
  return [new File([body], name, { type })];
}

function checkId(assetId) {
  if (!/^[0-9a-f]{64}$/.test(assetId)) throw new Refused(400, "invalid_request", `"${assetId}" is not the id of a file: 64 hexadecimal digits in lower case.`);
}

/** A file or a range of it (RFC 9110, section 14). It must not act as a document of this origin. */
function download(request, assetId, blob) {
  const headers = {
    "accept-ranges": "bytes",
    "cache-control": "private, max-age=31536000, immutable",
    "content-security-policy": "sandbox; default-src 'none'",
    "content-type": blob.type || "application/octet-stream",
    etag: `"${assetId}"`,
    "x-content-type-options": "nosniff",
  };
  const wanted = request.headers.get("if-none-match");
  if (wanted && wanted.split(",").some((tag) => ["*", headers.etag].includes(tag.trim().replace(/^W\//, "")))) {
    return new Response(null, { status: 304, headers });
  }
  const size = blob.size;
  const condition = request.headers.get("if-range");
  const range = request.method === "GET" && (condition === null || condition === headers.etag) ? request.headers.get("range") : null;
  // Several ranges, and units that are not known, may be answered with the whole.
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range?.trim() ?? "") ?? [];
  let body = blob;
  let status = 200;
  if (first || last) {
    const start = first ? Number(first) : Math.max(0, size - Number(last));
    const end = first && last ? Math.min(Number(last), size - 1) : size - 1;
    if (first && last && Number(last) < Number(first)) {
      // Not a valid range, which is ignored.
    } else if (start >= size || end < start) {
      throw new Refused(416, "range_not_satisfiable", `The file has ${size} bytes; "${range}" begins after its end.`, { "content-range": `bytes */${size}` });
    } else {
      status = 206;
      headers["content-range"] = `bytes ${start}-${end}/${size}`;
      body = blob.slice(start, end + 1, blob.type);
    }
  }
  headers["content-length"] = String(body.size);
  return new Response(request.method === "HEAD" ? null : body, { status, headers });
}

function json(body, status, headers = {}) {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", "cache-control": "no-store", ...headers } });
}

/** The outcome of a call, or of what a batch that waits for a page can do without one. */
async function callOrWait(event, route, parameters, version) {
  try {
    return await call(event, route.call, parameters, version);
  } catch (error) {
    const isUnavailable = error instanceof Refused && error.body.code === 503;
    if (isUnavailable && route.call === "executeBatch") return { answer: await setAside(parameters[0].text), isWaiting: true };
    const code = error.body?.code;
    if (["getBatchStatus", "cancelBatch", "listExecutions"].includes(route.call) && (isUnavailable || code === 404)) {
      const waiting = await waitingBatch(parameters[0]);
      // A page has refused it since.
      if (waiting?.error) throw Object.assign(new Error(waiting.error.message), { body: waiting.error });
      if (waiting && route.call === "getBatchStatus") return { answer: waiting.accepted, isWaiting: true };
    }
    throw error;
  }
}

/** A batch that waits for a page: its request as text, what was answered, and the error object if a page has refused it. */
async function waitingBatch(batchId) {
  const kept = await (await caches.open(WAITING_CACHE)).match(WAITING + encodeURIComponent(batchId));
  return await kept?.json();
}

const BATCH_ID = /^batch-[a-z0-9]+(-[a-z0-9]+)*-\d{8}-[0-9a-f]{8}$/;

/** Keeps a batch for the next page, and answers as `executeBatch` does. Only what needs no page is checked. */
async function setAside(text) {
  let request;
  try {
    request = JSON.parse(text);
  } catch (error) {
    throw new Refused(400, "invalid_request", `The body is not JSON: ${error.message}`);
  }
  const workflowId = request?.workflowId ?? request?.workflow?.workflowId;
  if (typeof workflowId !== "string" || !workflowId.trim()) {
    throw new Refused(400, "invalid_request", '"workflowId" is missing or not text. Send the id of the workflow.');
  }
  if (request.batchId !== undefined && !BATCH_ID.test(request.batchId)) {
    throw new Refused(400, "invalid_request", `"batchId" is ${JSON.stringify(request.batchId)}. Omit it, or give one as in "batch-web-gallery-20260131-0a1b2c3d".`);
  }
  const created = new Date().toISOString();
  const slug = workflowId.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-/, "").slice(0, 48).replace(/-$/, "") || "workflow";
  const random = crypto.getRandomValues(new Uint32Array(1))[0].toString(16).padStart(8, "0");
  const batchId = request.batchId ?? `batch-${slug}-${created.slice(0, 10).replaceAll("-", "")}-${random}`;
  const before = await waitingBatch(batchId);
  if (before && !before.error) return before.accepted;
  const href = (rest) => ({ href: `${API}batch/${batchId}/${rest}` });
  const accepted = {
    batchId,
    workflowId,
    jobName: typeof request.workflow?.metadata?.name === "string" ? request.workflow.metadata.name : workflowId,
    status: "pending",
    assets: { total: 0, pending: 0, processing: 0, completed: 0, failed: 0 },
    config: { concurrencyLimit: 10, priority: "NORMAL", continueOnError: true, ...request.batchConfig },
    ...(request.clientData === undefined ? {} : { clientData: request.clientData }),
    createdAt: created,
    links: { status: href("status"), cancel: href("cancel"), executions: href("executions"), result: href("status?format=preview") },
    message: `Pixelmill is not open in any tab. The batch starts when it is opened: ${SCOPE}`,
  };
  const cache = await caches.open(WAITING_CACHE);
  await cache.put(WAITING + encodeURIComponent(batchId), new Response(JSON.stringify({ request: { ...request, batchId }, accepted })));
  return accepted;
}

/** Makes a call of a page's client: of the page that sends the request, if it is one of ours, or of another. */
async function call({ clientId }, name, parameters, version) {
  const windows = await self.clients.matchAll({ type: "window" });
  const pages = windows.filter(({ url }) => ["", "index.html"].includes(new URL(url).pathname.slice(PATH.length)));
  pages.sort((one, other) => (other.id === clientId) - (one.id === clientId));
  for (const page of pages) {
    const outcome = await askPage(page, { name, parameters: parameters.map((value) => (value instanceof JsonText ? { json: value.text } : { value })), version });
    if (outcome === undefined) continue;
    if (outcome.error) throw Object.assign(new Error(outcome.error.message), { body: outcome.error });
    return outcome;
  }
  throw new Refused(503, "unavailable", `Pixelmill is not open in any tab. Open ${SCOPE} and send the request again.`, { "retry-after": "5" });
}

/** A page's outcome of a call; undefined if it does not hear or goes away before it has answered whether it does. */
function askPage(page, message) {
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    const life = new AbortController();
    const end = (settle, value) => {
      port1.close();
      life.abort();
      settle(value);
    };
    const patience = setTimeout(() => end(resolve), HEARD_MS);
    port1.onmessage = ({ data }) => {
      if (!data.heard) return end(resolve, data);
      clearTimeout(patience);
      // A page that wakes up later hears nothing, since the port is closed, and does not make the call a second time.
      port1.postMessage("go on");
      // The page holds this lock as long as it lives.
      navigator.locks
        .request(data.heard, { signal: life.signal }, () => {
          end(reject, new Error("the page that was asked was closed. Read the state before you send it again."));
        })
        .catch(() => {});
    };
    page.postMessage({ pixelmillCall: message }, [port2]);
  });
}
