// What `api/openapi.json` says, in the form that the views need, and the requests: as code in three ways, and sent.

import { slug } from "./dom.js";

/** The folder of the deployment. */
export const BASE = new URL("./", document.baseURI).href;

/** Whether the service worker answers this page's requests. */
export const isControlled = () => Boolean(navigator.serviceWorker?.controller);

/** Where parameters are, in the order in which they are shown. */
const PLACES = ["path", "query", "header"];

/** The description of the API. */
export class Api {
  /** The signal ends what listens for as long as the page is shown. */
  constructor(description, signal) {
    this.description = description;
    this.signal = signal;
    this.operations = Object.entries(description.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        id: operation.operationId,
        heading: slug(operation.operationId),
        method: method.toUpperCase(),
        path: `api${path}`,
        summary: operation.summary,
        description: operation.description,
        tag: operation.tags[0],
        call: operation["x-call"],
        parameters: operation.parameters.map((parameter) => this.follow(parameter)).sort((one, other) => PLACES.indexOf(one.in) - PLACES.indexOf(other.in)),
        body: operation.requestBody?.content,
        responses: Object.entries(operation.responses).map(([status, response]) => ({ status: Number(status), isShared: Boolean(response.$ref), ...this.follow(response) })),
      })),
    );
  }

  operation(id) {
    return this.operations.find((operation) => operation.id === id);
  }

  schema(name) {
    return this.description.components.schemas[name];
  }

  /** What a reference leads to; anything else as it is. */
  follow(part) {
    return part.$ref ? part.$ref.slice(2).split("/").reduce((value, key) => value[key], this.description) : part;
  }

  /** A schema with what it refers to put into it. */
  merged(schema) {
    if (!schema?.$ref) return schema;
    const { $ref, ...own } = schema;
    const base = this.merged(this.follow(schema));
    const result = { name: $ref.split("/").at(-1), ...base, ...own };
    if (base.properties && own.properties) result.properties = { ...base.properties, ...own.properties };
    if (base.required && own.required) result.required = [...base.required, ...own.required];
    return result;
  }
}

/** The examples of a content with JSON: `[{ name, value }]`. */
export function examplesOf(content) {
  return Object.entries(content?.["application/json"]?.examples ?? {}).map(([name, { value }]) => ({ name, value }));
}

export const takesFile = (operation) => operation.call.arguments.includes("files");

/** What a value of a query or a header is written as: nothing if it is empty. */
const given = (values, parameters) => parameters.map(({ name }) => [name, values[name] ?? ""]).filter(([, value]) => value !== "");

/** The address of a request below the deployment's folder. What a path lacks stays between braces. */
function addressOf(operation, values) {
  const of = (place) => operation.parameters.filter((parameter) => parameter.in === place);
  const path = operation.path.replace(/\{(\w+)\}/g, (whole, name) => (values[name] ? encodeURIComponent(values[name]) : whole));
  const query = new URLSearchParams(given(values, of("query"))).toString();
  return path + (query && `?${query}`);
}

function headersOf(operation, values) {
  return Object.fromEntries(given(values, operation.parameters.filter((parameter) => parameter.in === "header")));
}

/** A value on lines of its own where it is long. */
function written(value, indent, key, comma) {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const parts = (inner) => (Array.isArray(value) ? value.map((item) => written(item, inner, key, comma)) : Object.entries(value).map(([name, item]) => `${key(name)}: ${written(item, inner, key, comma)}`));
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{ ", " }"];
  const all = parts(indent);
  if (all.length === 0) return open.trim() + close.trim();
  const short = open + all.join(", ") + close;
  if (!short.includes("\n") && short.length + indent.length <= 72) return short;
  const inner = `${indent}  `;
  return `${open.trim()}\n${parts(inner).map((part) => inner + part).join(",\n")}${comma}\n${indent}${close.trim()}`;
}

/** A value as JavaScript. */
export const literal = (value, indent = "") => written(value, indent, (name) => (/^[a-z_$][\w$]*$/i.test(name) ? name : JSON.stringify(name)), ",");

/** A value as JSON. */
export const json = (value) => written(value, "", JSON.stringify, "");

/** The arguments of the clients' call as JavaScript. */
function argumentsOf(operation, values, indent) {
  const query = operation.parameters.filter((parameter) => parameter.in === "query");
  const typed = ({ name, schema }) => (schema.type === "integer" ? Number(values[name]) : values[name]);
  const isGiven = ({ name }) => (values[name] ?? "") !== "";
  const readers = {
    query: () => (query.some(isGiven) ? literal(Object.fromEntries(query.filter(isGiven).map((parameter) => [parameter.name, typed(parameter)])), indent) : ""),
    body: () => bodyLiteral(values.body, indent),
    path: () => literal({ workflowId: values.workflowId || "…" }),
    files: () => "[file]",
    asset: () => JSON.stringify(`asset:${values.assetId || "…"}`),
  };
  const all = operation.call.arguments.map((name) => readers[name]?.() ?? JSON.stringify(values[name] || "…"));
  return all.filter((text) => text !== "").join(", ");
}

function bodyLiteral(text, indent) {
  try {
    return literal(JSON.parse(text), indent);
  } catch {
    return text || "{}";
  }
}

/** The same request in each way it can be made, with these values. */
export function snippets(operation, values = {}) {
  const url = BASE + addressOf(operation, values);
  const headers = headersOf(operation, values);
  const isText = operation.id === "getReport" && values.format === "csv";
  return {
    fetch: { language: "js", text: fetchSnippet(operation, values, url, headers, isText) },
    npm: {
      language: "js",
      text: [
        'import { connect } from "pixelmill";',
        "",
        `const pixelmill = await connect({ base: ${JSON.stringify(BASE)} });`,
        ...(takesFile(operation) ? ["", 'const [file] = document.querySelector("input[type=file]").files;'] : []),
        `const answer = await pixelmill.${operation.call.name}(${argumentsOf(operation, values, "")});`,
      ].join("\n"),
    },
    curl: { language: "sh", text: curlSnippet(operation, values, url, headers) },
  };
}

function fetchSnippet(operation, values, url, headers, isText) {
  const options = [];
  if (operation.method !== "GET") options.push(`method: ${JSON.stringify(operation.method)}`);
  const lines = [];
  const sent = { ...headers };
  if (takesFile(operation)) {
    lines.push('const [file] = document.querySelector("input[type=file]").files;');
    options.push('headers: { "content-type": file.type, "x-file-name": encodeURIComponent(file.name) }', "body: file");
  } else {
    if (operation.body) sent["content-type"] = "application/json";
    if (Object.keys(sent).length) options.push(`headers: ${literal(sent)}`);
    if (operation.body) options.push(`body: JSON.stringify(${bodyLiteral(values.body, "  ")})`);
  }
  const written = options.length === 0 ? "" : `, {\n${options.map((option) => `  ${option},\n`).join("")}}`;
  lines.push(`const response = await fetch(${JSON.stringify(url)}${written});`, "if (!response.ok) throw await response.json();");
  if (operation.id === "readAsset") lines.push("const picture = await response.blob();");
  else lines.push(`const answer = await response.${isText ? "text" : "json"}();`);
  return lines.join("\n");
}

function curlSnippet(operation, values, url, headers) {
  const parts = [`curl ${operation.method === "GET" ? "" : `-X ${operation.method} `}"${url}"`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H "${name}: ${value}"`);
  if (takesFile(operation)) parts.push('-H "content-type: image/jpeg"', '-H "x-file-name: photo.jpg"', '--data-binary "@photo.jpg"');
  else if (operation.body) parts.push('-H "content-type: application/json"', `-d '${(values.body ?? "{}").replaceAll("'", "'\\''")}'`);
  if (operation.id === "readAsset") parts.push('-o "picture"');
  return `# The shape of the request. A service worker answers only pages\n# of its own site, so curl itself cannot reach it.\n${parts.join(" \\\n  ")}`;
}

/** The headers of a response that are worth showing. */
const SHOWN_HEADERS = ["api-version", "content-type", "content-length", "content-range", "etag", "allow", "retry-after"];

/**
 * Makes a request: over HTTP where the service worker answers, otherwise as the call of `window.pixelmill`. Never rejects; the outcome has
 * `status`, `headers`, the `body` (a value, a text or a Blob), how long it took, and whether it went over HTTP.
 */
export async function send(operation, values) {
  const began = performance.now();
  const isHttp = isControlled();
  const outcome = await (isHttp ? overHttp(operation, values) : asCall(operation, values)).catch((error) => ({ failed: String(error?.message ?? error) }));
  return { ...outcome, isHttp, ms: Math.round(performance.now() - began) };
}

async function overHttp(operation, values) {
  const headers = headersOf(operation, values);
  const options = { method: operation.method, headers };
  if (takesFile(operation)) {
    options.body = values.file;
    if (values.file) {
      headers["content-type"] = values.file.type || "application/octet-stream";
      headers["x-file-name"] ??= encodeURIComponent(values.file.name);
    }
  } else if (operation.body) {
    options.body = values.body;
    headers["content-type"] = "application/json";
  }
  const response = await fetch(BASE + addressOf(operation, values), options);
  const type = response.headers.get("content-type") ?? "";
  let body;
  if (type.startsWith("application/json")) body = await response.json();
  else if (type.startsWith("text/")) body = await response.text();
  else body = await response.blob();
  const shown = SHOWN_HEADERS.map((name) => [name, response.headers.get(name)]).filter(([, value]) => value !== null);
  return { status: response.status, headers: shown, body };
}

/** The same request through `window.pixelmill`, with the status that it would have over HTTP. */
async function asCall(operation, values) {
  const query = operation.parameters.filter((parameter) => parameter.in === "query");
  const readers = {
    query: () => Object.fromEntries(given(values, query)),
    body: () => JSON.parse(values.body),
    path: () => ({ workflowId: values.workflowId }),
    files: () => (values.file ? [values.file] : []),
    asset: () => `asset:${values.assetId}`,
  };
  try {
    const parameters = operation.call.arguments.map((name) => (readers[name] ? readers[name]() : values[name]));
    if (values["api-version"]) parameters.push({ apiVersion: values["api-version"] });
    const answer = await window.pixelmill[operation.call.name](...parameters);
    const status = operation.responses.find((response) => response.status < 300).status;
    return { status, headers: [], body: takesFile(operation) ? { assets: answer } : answer };
  } catch (error) {
    if (error instanceof SyntaxError) return { failed: `The body is not JSON: ${error.message}` };
    if (!error?.code) throw error;
    return { status: error.code, headers: [], body: { ...error } };
  }
}
