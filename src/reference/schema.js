// JSON Schema as lists of properties: names, types, limits, defaults and descriptions. What is inside a property unfolds on demand.

import { el, inline } from "./dom.js";

/** A schema's type in words. */
export function typeOf(api, schema) {
  if (schema === true || schema === undefined) return "any value";
  const { name, ...part } = api.merged(schema);
  if ("const" in part) return JSON.stringify(part.const);
  if (part.enum) return part.enum.every((value) => typeof value === "string") ? "string" : "value";
  if (part.type === "array") return part.items ? `array of ${plural(typeOf(api, part.items))}` : "array";
  const alternatives = part.oneOf ?? part.anyOf;
  if (Array.isArray(part.type)) return part.type.join(" or ");
  if (part.type) return part.type;
  if (alternatives?.some((one) => one.$ref || one.type)) return [...new Set(alternatives.map((one) => typeOf(api, one)))].join(" or ");
  return part.properties ? "object" : "any value";
}

const plural = (type) => (/^[a-z]+$/.test(type) ? `${type}s` : type);

/** A schema's fields in short, as `{ one, two, … }`; its type if it has none. */
export function shape(api, schema) {
  const fields = Object.keys(api.merged(schema)?.properties ?? {});
  if (fields.length === 0) return typeOf(api, schema) === "null" ? "nothing" : typeOf(api, schema);
  return `{ ${fields.slice(0, 4).join(", ")}${fields.length > 4 ? ", …" : ""} }`;
}

/** The limits of a value, in words. */
function limits({ minimum, maximum, minLength, minItems, maxItems, unit }) {
  const range = (least, most, of) => {
    if (least !== undefined && most !== undefined) return `${least} to ${most}${of}`;
    if (least !== undefined) return `at least ${least}${of}`;
    return most === undefined ? "" : `at most ${most}${of}`;
  };
  const values = range(minimum, maximum, unit ? ` ${unit}` : "");
  return [values || unit || "", range(minItems, maxItems, " entries"), minLength === 1 ? "not empty" : ""].filter(Boolean).join(", ");
}

/** What a schema's values are made of, if it is more than one value. */
function inner(api, schema) {
  const part = api.merged(schema);
  if (part?.type === "array" && part.items) return inner(api, part.items);
  if (part?.properties && Object.keys(part.properties).length > 0) return part;
  const alternatives = (part?.oneOf ?? part?.anyOf ?? []).filter((one) => inner(api, one));
  return alternatives.length > 0 ? { alternatives } : undefined;
}

/** One row: a property or parameter. */
export function row(api, name, schema, { isRequired = false, place, description } = {}) {
  const part = schema === true ? {} : api.merged(schema);
  const facts = limits(part);
  const values = part.enum ?? api.merged(part.items ?? {})?.enum;
  const details = inner(api, schema);
  return el(
    "li",
    { class: "ref-row" },
    el(
      "div",
      { class: "ref-row-head" },
      el("code", { class: "ref-name" }, name),
      el("span", { class: "ref-type" }, typeOf(api, schema), facts && `, ${facts}`),
      place && el("span", { class: "ref-place" }, place),
      isRequired && el("span", { class: "ref-required" }, "required"),
    ),
    (description ?? part.description) && el("p", {}, inline(description ?? part.description)),
    (values || part.default !== undefined) && el("p", { class: "ref-values" }, values && ["One of ", listed(values), ". "], part.default !== undefined && ["Default ", listed([part.default]), "."]),
    part.pattern && !part.description && el("p", { class: "ref-values" }, "Matches ", el("code", {}, part.pattern)),
    details && unfolding(api, details),
  );
}

const listed = (values) => values.flatMap((value, index) => [index > 0 && ", ", el("code", {}, typeof value === "string" ? value : JSON.stringify(value))]);

/** The properties inside a property, which are made when they are first wanted. */
function unfolding(api, schema) {
  const details = el("details", {}, el("summary", {}, "Properties"));
  details.addEventListener("toggle", () => details.children.length === 1 && details.append(properties(api, schema)), { once: true });
  return details;
}

/** A list of all properties of a schema, or of each of its alternatives. */
export function properties(api, schema) {
  const part = inner(api, schema) ?? schema;
  if (part.alternatives) {
    const title = (one) => api.merged(one).title ?? typeOf(api, one);
    return el("div", { class: "ref-alternatives" }, part.alternatives.map((one) => [el("p", { class: "ref-alternative" }, title(one)), properties(api, one)]));
  }
  const entries = Object.entries(part.properties ?? {}).filter(([, value]) => value !== false);
  return el("ul", { class: "ref-rows" }, entries.map(([name, value]) => row(api, name, value, { isRequired: part.required?.includes(name) })));
}

/** The names of everything inside a schema, for the search. */
export function names(api, schema, depth = 4) {
  const part = inner(api, schema);
  if (!part || depth === 0) return [];
  if (part.alternatives) return part.alternatives.flatMap((one) => names(api, one, depth));
  return Object.entries(part.properties).flatMap(([name, value]) => [name, ...(value === false ? [] : names(api, value, depth - 1))]);
}
