// Sending requests from the page: the form of an operation, and what was answered.

import { examplesOf, isControlled, json, send, takesFile } from "./api.js";
import { code, copyButton } from "./code.js";
import { announce, el, icon, unique } from "./dom.js";
import { session, withPicture } from "./session.js";

/** Says that requests do not go over HTTP here, as long as that is so. */
export function transportNote(signal) {
  const note = el(
    "p",
    { class: "ref-note", "data-testid": "ref-transport" },
    "No service worker controls this page: the browser denies it, or the page was reloaded without its cache. The API over HTTP is not available, so requests that you send here go through ",
    el("code", {}, "window.pixelmill"),
    ", which makes the same calls.",
  );
  const update = () => (note.hidden = isControlled());
  navigator.serviceWorker?.addEventListener("controllerchange", update, { signal });
  update();
  return note;
}

const REASONS = { 200: "OK", 201: "Created", 202: "Accepted", 206: "Partial Content", 304: "Not Modified", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large", 415: "Unsupported Media Type", 416: "Range Not Satisfiable", 500: "Internal Server Error", 503: "Service Unavailable" };

/** The addresses of the pictures that are shown; each place of an outcome releases its own. */
const shown = new WeakMap();

/** Shows an outcome in place of the one before. Returns the list of addresses that are released with it. */
export function showOutcome(place, outcome) {
  for (const url of shown.get(place) ?? []) URL.revokeObjectURL(url);
  const urls = [];
  shown.set(place, urls);
  const isGood = outcome.status < 400;
  const status = outcome.failed ? "Not sent" : `${outcome.status} ${REASONS[outcome.status] ?? ""}`.trim();
  place.replaceChildren(
    el(
      "div",
      { class: "ref-outcome" },
      el(
        "p",
        { class: "ref-outcome-head" },
        el("span", { class: `badge ${isGood ? "good" : "bad"}`, "data-testid": "ref-status" }, status),
        el("span", { class: "small muted numbers" }, `${outcome.ms} ms, ${outcome.isHttp ? "over HTTP" : "through window.pixelmill"}`),
      ),
      outcome.headers?.length > 0 && el("dl", { class: "ref-headers" }, outcome.headers.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
      bodyOf(outcome, urls),
    ),
  );
  announce(place, `Response: ${status}.`);
  return urls;
}

/** The longest text that is shown; all of it can be copied. */
const LONGEST = 20_000;

function bodyOf({ failed, body }, urls) {
  if (failed) return el("p", { class: "ref-failed" }, failed);
  if (body instanceof Blob) return body.size > 0 && fileOf(body, urls);
  const text = typeof body === "string" ? body : json(body);
  const cut = text.length > LONGEST;
  return el(
    "div",
    { class: "ref-panel", "data-testid": "ref-body" },
    el("div", { class: "ref-panel-head" }, el("span", {}, cut ? `Body, the first ${LONGEST} of ${text.length} characters` : "Body"), copyButton(() => text, "the response")),
    code(cut ? `${text.slice(0, LONGEST)}…` : text, typeof body === "string" ? "" : "json", "Body of the response"),
  );
}

/** A received file: shown if it is a picture, and to be saved. */
export function fileOf(blob, urls, name = "picture") {
  const url = URL.createObjectURL(blob);
  urls.push(url);
  return el(
    "figure",
    { class: "ref-file" },
    blob.type.startsWith("image/") && el("img", { src: url, alt: `The received file ${name}` }),
    el("figcaption", { class: "small muted" }, `${blob.type || "File"}, ${blob.size.toLocaleString("en")} bytes`),
    el("a", { class: "button", href: url, download: name, "data-testid": "ref-download" }, icon("download"), "Download"),
  );
}

/** A button that works on something for a while, and is then ready again. */
export function workButton(label, work, options = {}) {
  const button = el(
    "button",
    {
      type: "button",
      class: "button primary",
      ...options,
      async onclick() {
        if (button.getAttribute("aria-disabled") === "true") return;
        // It keeps the focus.
        button.setAttribute("aria-disabled", "true");
        try {
          await work();
        } finally {
          button.removeAttribute("aria-disabled");
        }
      },
    },
    icon("play"),
    label,
  );
  return button;
}

/** The form of an operation. `changed` is called with its values after each change; the signal ends it. */
export function form(operation, changed, signal) {
  const values = {};
  const fields = el("div", { class: "ref-fields" });
  const add = (label, name, control, hint) => {
    const id = unique("field");
    const hintId = hint && `${id}-hint`;
    control.id = id;
    if (hint) control.setAttribute("aria-describedby", hintId);
    fields.append(el("div", { class: "ref-field" }, el("label", { for: id }, label), control, hint && el("p", { id: hintId, class: "small muted" }, hint)));
    control.dataset.name = name;
    control.dataset.testid = `ref-field-${name}`;
    return control;
  };
  const set = (name, value) => {
    values[name] = value;
    changed(values);
  };
  for (const { name, in: place, required, schema, description } of operation.parameters) {
    const choices = schemaOf(operation, schema).enum;
    values[name] = session.value(name);
    const listen = { onchange: ({ target }) => set(name, target.value), oninput: ({ target }) => set(name, target.value) };
    const label = [el("code", {}, name), el("span", { class: "ref-place" }, place === "path" ? "" : place), required && el("span", { class: "ref-required" }, "required")];
    if (choices && place === "query") {
      add(label, name, el("select", { class: "field", ...listen }, el("option", { value: "" }, ""), choices.map((choice) => el("option", { value: choice }, choice))));
    } else {
      const fallback = schemaOf(operation, schema).default;
      const control = el("input", { class: "field", type: "text", autocomplete: "off", spellcheck: false, value: values[name], placeholder: fallback === undefined ? "" : String(fallback), ...listen });
      if (required && (name === "batchId" || name === "workflowId")) suggest(control, name);
      add(label, name, control, place === "header" ? description : undefined);
    }
  }
  if (takesFile(operation)) {
    values.file = session.file;
    add("File", "file", el("input", { class: "field", type: "file", onchange: ({ target }) => set("file", target.files[0]) }), session.file && `If none is chosen: ${session.file.name}, the picture of "Get started".`);
  } else if (operation.body) {
    const examples = examplesOf(operation.body);
    const text = (value) => json(withPicture(value));
    values.body = text(examples[0].value);
    const area = el("textarea", { class: "field code", rows: 16, spellcheck: false, value: values.body, oninput: ({ target }) => set("body", target.value) });
    if (examples.length > 1) {
      const choose = ({ target }) => {
        area.value = text(examples[target.selectedIndex].value);
        set("body", area.value);
      };
      add("Example", "example", el("select", { class: "field", onchange: choose }, examples.map(({ name }) => el("option", {}, titled(name)))));
    }
    add("Body", "body", area);
  }
  const outcome = el("div", { class: "ref-outcome-place", "data-testid": "ref-outcome" });
  const button = workButton(
    "Send",
    async () => {
      const answer = await send(operation, values);
      session.note(operation, answer);
      showOutcome(outcome, answer);
    },
    { "data-testid": "ref-send" },
  );
  changed(values);
  return el("div", { class: "ref-form" }, transportNote(signal), fields, el("div", {}, button), outcome);
}

/** `document-whole` as "Document whole". */
export const titled = (name) => name[0].toUpperCase() + name.slice(1).replaceAll("-", " ");

const schemaOf = (operation, schema) => operation.resolve(schema) ?? {};

/** Offers the ids that there are, and fills in the newest if the field is empty. */
async function suggest(control, name) {
  const { batches, workflows } = (await window.pixelmill?.[name === "batchId" ? "listBatches" : "listWorkflows"]({ limit: 20 }).catch(() => undefined)) ?? {};
  const ids = (batches ?? workflows ?? []).map((record) => record[name]);
  if (ids.length === 0) return;
  const list = el("datalist", { id: unique("ids") }, ids.map((id) => el("option", { value: id })));
  control.after(list);
  control.setAttribute("list", list.id);
  if (control.value !== "") return;
  control.value = ids[0];
  control.dispatchEvent(new Event("input"));
}
