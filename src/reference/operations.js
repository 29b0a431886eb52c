// The sections about requests: each operation with its parameters, bodies, answers, code and form; the calls without a route; the events;
// the errors.

import { examplesOf, json, snippets } from "./api.js";
import { panel, tabs } from "./code.js";
import { address, el, heading, inline, slug } from "./dom.js";
import { table } from "./markdown.js";
import { names, properties, row, shape, typeOf } from "./schema.js";
import { session } from "./session.js";
import { form, titled } from "./try.js";

/** A part of an operation: a small heading with an address, and what is below it. */
const part = (of, title, ...content) => [heading(4, `${of}-${slug(title)}`, title), ...content];

/** A section for each group of operations. */
export function operationSections(api) {
  return api.description.tags.map(({ name, description }) =>
    el(
      "section",
      {},
      heading(2, slug(`api ${name}`), name),
      el("p", {}, inline(description)),
      api.operations.filter(({ tag }) => tag === name).map((operation) => operationSection(api, operation)),
    ),
  );
}

function operationSection(api, operation) {
  const { heading: id } = operation;
  const successes = operation.responses.filter(({ status }) => status < 400);
  const failures = operation.responses.filter(({ status }) => status >= 400);
  const schema = operation.body?.["application/json"]?.schema;
  const keywords = [schema, ...successes.map(schemaOfAnswer)].flatMap((one) => (one ? names(api, one) : []));
  const initial = () => ({ ...Object.fromEntries(operation.parameters.map(({ name }) => [name, session.value(name)])), body: json(examplesOf(operation.body)[0]?.value ?? {}) });
  let values = initial();
  const code = tabs(`Snippets: ${operation.summary}`, () => snippets(operation, values));
  const examples = successes.flatMap(({ content, status }) => examplesOf(content).map((example) => ({ ...example, status })));
  const trial = el("details", { class: "ref-try", "data-testid": "ref-try" }, el("summary", {}, "Try it", el("span", { class: "unseen" }, `: ${operation.summary}`)));
  trial.addEventListener("toggle", () => {
    if (!trial.open || trial.children.length > 1) return;
    const followed = { ...operation, resolve: (schema) => api.merged(schema) };
    trial.append(
      form(
        followed,
        (now) => {
          values = now;
          code.refresh();
        },
        api.signal,
      ),
    );
  });
  return el(
    "section",
    { class: "ref-operation", "data-operation": operation.id, "data-keywords": [...new Set(keywords)].join(" ") },
    heading(3, id, operation.summary),
    el(
      "div",
      { class: "ref-columns" },
      el(
        "div",
        { class: "ref-prose" },
        el("p", { class: "ref-route" }, el("span", { class: `ref-method ${operation.method.toLowerCase()}` }, operation.method), el("code", {}, operation.path)),
        el("p", {}, inline(operation.description)),
        part(
          id,
          "Parameters",
          el("ul", { class: "ref-rows" }, operation.parameters.map(({ name, in: place, required, schema, description }) => row(api, name, schema, { isRequired: required, place, description }))),
        ),
        operation.body && part(id, "Body", bodies(api, operation)),
        part(id, "Responses", successes.map((response) => answer(api, response)), el("p", { class: "small" }, "Errors: ", failures.flatMap(({ status }, index) => [index > 0 && ", ", el("a", { href: address(`error-${status}`) }, String(status))]))),
      ),
      el("div", { class: "ref-side" }, code, examples.length > 0 && examplePanel(examples)),
    ),
    trial,
  );
}

const schemaOfAnswer = ({ content }) => content?.["application/json"]?.schema;

function bodies(api, { body }) {
  return Object.entries(body).map(([type, { schema }]) => {
    if (type === "application/json") return properties(api, schema);
    return el("p", { class: "ref-row-alone" }, el("code", {}, type), type === "*/*" ? " The file itself, with its type as content-type." : " A form with any number of files.");
  });
}

function answer(api, { status, description, content = {}, headers = {} }) {
  const schema = content["application/json"]?.schema;
  const types = Object.keys(content).filter((type) => type !== "*/*");
  const named = Object.entries(headers).map(([name, header]) => [name, api.follow(header)]);
  return el(
    "details",
    { class: "ref-answer" },
    el("summary", {}, el("span", { class: "ref-code-good" }, String(status)), " ", inline(description)),
    types.length > 0 && el("p", { class: "small muted" }, types.join(", "), schema && typeOf(api, schema).startsWith("array") && `: ${typeOf(api, schema)}`),
    schema && properties(api, schema),
    el("p", { class: "ref-alternative" }, "Headers"),
    el("ul", { class: "ref-rows" }, named.map(([name, { schema, description }]) => row(api, name, schema, { description }))),
  );
}

/** An example response, and others to choose. */
function examplePanel(examples) {
  const make = ({ status, name, value }) => panel(`${status}: ${titled(name)}`, json(value), "json");
  const place = el("div", {}, make(examples[0]));
  if (examples.length === 1) return place;
  const choose = ({ target }) => place.replaceChildren(make(examples[target.selectedIndex]));
  return [el("label", { class: "ref-choice small" }, "Example response ", el("select", { class: "field", onchange: choose }, examples.map(({ name }) => el("option", {}, titled(name))))), place];
}

/** The errors, by their statuses. */
export function errorSection(api) {
  const { responses, schemas } = api.description.components;
  const example = examplesOf(responses["400"].content)[0];
  return [
    heading(3, "errors", "Errors"),
    el("p", {}, "A refused request returns a status of 400 or more and an error object. The promises of JavaScript calls reject with the same object."),
    el("div", { class: "ref-columns" }, el("div", { class: "ref-prose" }, properties(api, schemas.httpError)), el("div", { class: "ref-side" }, panel("An error object", json(example.value), "json"))),
    el(
      "div",
      { class: "ref-errors" },
      Object.entries(responses).map(([status, response]) => {
        const headers = Object.entries(response.headers).filter(([, header]) => !header.$ref);
        return el(
          "div",
          { class: "ref-error" },
          heading(4, `error-${status}`, status),
          el(
            "div",
            {},
            response["x-errors"].map(({ error, description }) => [el("p", {}, el("code", { class: "ref-name" }, error)), el("p", {}, inline(description))]),
            headers.map(([name, { description }]) => el("p", { class: "small muted" }, "Header ", el("code", {}, name), ": ", description)),
          ),
        );
      }),
    ),
  ];
}

/** The calls that have no route. */
export function callSections(api) {
  return Object.entries(api.description["x-calls"]).map(([name, { description, parameters, answer }]) => {
    const list = Object.entries(parameters);
    const text = `const answer = await pixelmill.${name}(${list.map(([name]) => name).join(", ")});`;
    return el(
      "section",
      { "data-call": name, "data-keywords": [...list.flatMap(([name, schema]) => [name, ...names(api, schema)]), ...names(api, answer)].join(" ") },
      heading(3, slug(name), name),
      el("p", {}, inline(description)),
      panel("npm and window.pixelmill", text, "js"),
      list.length > 0 && el("ul", { class: "ref-rows" }, list.map(([name, schema]) => row(api, name, schema, { isRequired: !isOptional(api, schema) }))),
      answerOf(api, answer),
    );
  });
}

/** What a call resolves with. */
function answerOf(api, schema) {
  const text = schema.description && !schema.$ref ? inline(schema.description) : shape(api, schema);
  const fields = properties(api, schema);
  if (!fields.hasChildNodes()) return el("p", { class: "small" }, "Resolves with ", text);
  return el("details", { class: "ref-answer" }, el("summary", {}, "Resolves with ", el("code", {}, text)), fields);
}

function isOptional(api, schema) {
  const { type, required, oneOf, anyOf } = api.merged(schema);
  return [type].flat().includes("null") || (type === "object" && !required && !oneOf && !anyOf);
}

/** The events of the clients. */
export function eventSections(api) {
  return Object.entries(api.description["x-events"]).map(([name, schema]) =>
    el(
      "section",
      { "data-event": name },
      heading(3, `event-${name}`, name),
      el("p", {}, inline(schema.description)),
      panel("npm and window.pixelmill", `pixelmill.addEventListener(${JSON.stringify(name)}, ({ detail }) => console.log(detail));`, "js"),
      el("details", { class: "ref-answer" }, el("summary", {}, "detail: ", el("code", {}, shape(api, schema))), properties(api, schema)),
    ),
  );
}

/** The reference of the workflow document: its parts, as the schema describes them. */
export function documentSections(api) {
  const titles = { workflow: "The document", action: "An action", port: "A port", connection: "A connection", diagnostic: "A diagnostic" };
  return Object.entries(titles).map(([name, title]) => {
    const schema = api.schema(name);
    const example = schema.examples?.[0];
    return el(
      "section",
      { "data-schema": name },
      heading(3, `workflow-${name === "workflow" ? "document" : name}`, title),
      schema.description && el("p", {}, inline(schema.description)),
      properties(api, schema),
      example && panel("A workflow", json(example), "json"),
    );
  });
}

/** A value in a single line, with spaces inside its braces. */
const line = (value) => JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");

/** A workflow with an action, or a connection, in each line. */
function ofWorkflow({ metadata, actions, connections }) {
  const lines = (list) => `[${list.map((one) => `\n    ${line(one)}`).join(",")}\n  ]`;
  return `{\n  "metadata": ${line(metadata)},\n  "actions": ${lines(actions)},\n  "connections": ${lines(connections)}\n}`;
}

/** The fragment that opens a workflow in the studio: compressed, in URL-safe base64, as the page's own links have it. */
async function studio(workflow) {
  const stream = new Blob([JSON.stringify(workflow)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const code = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return `#/new?workflow=${code}`;
}

/** The example of an action, which is built when it is first unfolded: there are many. */
function example(workflow) {
  const { name, description } = workflow.metadata;
  const details = el("details", { class: "ref-example", "data-testid": "ref-example" }, el("summary", {}, "Example: ", name));
  const fill = async () => {
    const text = ofWorkflow(workflow);
    const open = el("a", { class: "button quiet", href: await studio(workflow), "data-testid": "ref-open-example" }, "Open in the studio");
    details.append(el("p", { class: "small" }, description), panel(name, text, "json"), el("p", {}, open));
  };
  details.addEventListener("toggle", fill, { once: true });
  return details;
}

/** The action catalog. */
export function catalogSections(api, actions, examples) {
  const categories = [...new Set(actions.map(({ category }) => category))];
  const sorted = categories.flatMap((category) => actions.filter((action) => action.category === category));
  return sorted.map((action) => {
    const ports = [...action.inputs.map((port) => ["in", port]), ...action.outputs.map((port) => ["out", port])];
    const defaults = Object.fromEntries(action.parameters.map(({ name, defaultValue }) => [name, defaultValue]));
    const related = action.relatedActions.filter((type) => actions.some(({ actionType }) => actionType === type));
    return el(
      "section",
      { "data-action": action.actionType, "data-keywords": action.actionType },
      heading(3, `action-${action.actionType}`, action.name),
      el(
        "div",
        { class: "ref-columns" },
        el(
          "div",
          { class: "ref-prose" },
          el("p", { class: "ref-route" }, el("code", {}, action.actionType), el("span", { class: "badge" }, titled(action.category)), el("span", { class: "small muted" }, `version ${action.version}`)),
          el("p", {}, inline(action.description)),
          el("p", {}, inline(action.usage)),
          action.parameters.length > 0 && el("ul", { class: "ref-rows" }, action.parameters.map((parameter) => row(api, parameter.name, ofParameter(parameter), { isRequired: parameter.required }))),
          related.length > 0 && el("p", { class: "small" }, "See also ", related.flatMap((type, index) => [index > 0 && ", ", el("a", { href: address(`action-${type}`) }, type)])),
        ),
        el(
          "div",
          { class: "ref-side" },
          examples[action.actionType] && example(examples[action.actionType]),
          panel("Default parameters", json({ actionId: `${action.actionType}-1`, actionType: action.actionType, parameters: defaults }), "json"),
          ports.length > 0 && table(["Port", "", "Carries"], ports.map(([way, { name, type, required }]) => [el("code", {}, name), way === "in" ? `input${required ? ", required" : ""}` : "output", type]), `Ports of ${action.name}`),
        ),
      ),
    );
  });
}

/** A parameter of an action as a schema. */
function ofParameter({ type, values, defaultValue, minimum, maximum, unit, description }) {
  return { type, ...(values && { enum: values }), ...(defaultValue !== null && { default: defaultValue }), minimum, maximum, unit, description };
}
