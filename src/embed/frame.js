// Pixelmill in an iframe of another site. The page around it has to say hello first, with a port: only if its origin is
// this deployment's own or one that `frame.json` allows is the view mounted, with a database that belongs to that origin
// alone. From then on both speak over the port and nothing else is listened to.

import "./embed.js";

const VERSION = 1;
/** Calls that are the element's, not the client's. */
const OWN_CALLS = ["addFiles", "run", "configure"];
/** The attributes that `configure` sets, by its names. */
const ATTRIBUTES = { layout: "layout", theme: "theme", accept: "accept", maxFiles: "max-files", concurrency: "concurrency", lang: "lang" };
/** What is passed on to the page around, besides the calls' answers. */
const EVENTS = ["batchstarted", "filesadded", "progress", "executioncompleted", "batchcompleted", "error"];
const CLIENT_EVENTS = ["progress", "executioncompleted", "batchcompleted", "statechange"];
const MOST_ARGUMENTS = 3;
const MOST_FILES = 100_000;

const allowed = fetch(new URL("frame.json", import.meta.url), { cache: "no-cache" })
  .then((response) => response.json())
  .then(({ allow }) => (Array.isArray(allow) ? allow : []))
  .catch(() => []);

let isTaken = false;

addEventListener("message", async (event) => {
  const { source, origin, data, ports } = event;
  const isHello = data?.pixelmill === VERSION && typeof data.hello === "string" && /^[0-9a-f-]{8,80}$/.test(data.hello);
  if (source !== parent || parent === self || !isHello || ports.length !== 1) return;
  const list = await allowed;
  if (isTaken) return;
  if (origin !== location.origin && !list.includes("*") && !list.includes(origin)) {
    const why = `The deployment at ${new URL(".", location).href} does not allow pages of ${origin} to embed it`;
    ports[0].postMessage({ refused: `${why}. Its frame.json lists those that may.` });
    return;
  }
  isTaken = true;
  serve(ports[0], data.hello, origin);
});

/** A database's name for an origin. Different origins have different ones: "_" begins the code of any other character. */
function databaseOf(origin) {
  const escaped = origin.replace(/[^a-z0-9.-]/g, (character) => `_${character.codePointAt(0).toString(16).padStart(2, "0")}`);
  return `frame.${escaped}`;
}

function serve(port, hello, origin) {
  const element = document.createElement("pixel-mill");
  element.setAttribute("base", new URL(".", location).href);
  element.setAttribute("database", databaseOf(origin));
  for (const name of EVENTS) {
    element.addEventListener(`pixelmill-${name}`, ({ detail }) => port.postMessage({ event: [name, detail] }));
  }
  let client;
  // Handed over at once: where the browser gives a frame no storage, nothing else keeps them.
  element.addEventListener("pixelmill-executioncompleted", async ({ detail: execution }) => {
    const read = async ({ name, url }) => ({ name, blob: await client.readAsset(url) });
    try {
      const files = await Promise.all((execution.outputs ?? []).map(read));
      if (files.length > 0) port.postMessage({ result: { execution, files } });
    } catch {
      // Deleted meanwhile.
    }
  });
  element.addEventListener("pixelmill-ready", ({ detail }) => {
    client = detail.client;
    const calls = Object.keys(client).filter((name) => typeof client[name] === "function" && name !== "processFile");
    port.onmessage = ({ data }) => answer(port, element, client, calls, data);
    for (const name of CLIENT_EVENTS) {
      client.addEventListener(name, ({ detail }) => port.postMessage({ clientEvent: [name, detail] }));
    }
    port.postMessage({ hello, calls });
    port.postMessage({ event: ["started"] });
  });
  document.body.replaceChildren(element);
}

async function answer(port, element, client, calls, data) {
  const { id, call } = data ?? {};
  if (!Number.isSafeInteger(id) || id < 0) return;
  try {
    if (!Array.isArray(call) || typeof call[0] !== "string" || !Array.isArray(call[1])) throw refusal("The message is not a call.");
    const [name, values] = call;
    if (values.length > MOST_ARGUMENTS) throw refusal("The call has too many arguments.");
    if (OWN_CALLS.includes(name)) port.postMessage({ id, answer: await own(element, name, values) });
    else if (calls.includes(name)) port.postMessage({ id, answer: await client[name](...values) });
    else throw refusal(`There is no call "${name.slice(0, 40)}".`);
  } catch (error) {
    port.postMessage({ id, error: { ...error, message: String(error?.message ?? error) } });
  }
}

async function own(element, name, [value]) {
  switch (name) {
    case "addFiles": {
      const isList = Array.isArray(value) && value.length <= MOST_FILES && value.every((file) => file instanceof File);
      if (!isList) throw refusal("Give a list of files.");
      return await element.addFiles(value);
    }
    case "run":
      return await element.run();
    case "configure": {
      if (value === null || typeof value !== "object") throw refusal("Give the settings as an object.");
      for (const [key, attribute] of Object.entries(ATTRIBUTES)) {
        if (value[key] === null || value[key] === undefined) element.removeAttribute(attribute);
        else element.setAttribute(attribute, String(value[key]));
      }
      element.toggleAttribute("autostart", Boolean(value.autostart));
      element.translations = value.translations;
      // The page around has fetched it if it was an address.
      element.workflow = typeof value.workflow === "string" && /[/:]|\.json$/.test(value.workflow) ? null : value.workflow;
    }
  }
}

function refusal(message) {
  return { error: "invalid_request", message, status: "failed", code: 400 };
}
