// Writes the TypeScript declarations of the client: `node types.mjs <declarations by hand> <schema>`. Those by hand
// come first; they use the names of the others.

import { readFileSync } from "node:fs";

const [byHand, schemaFile] = process.argv.slice(-2);
const schema = JSON.parse(readFileSync(schemaFile, "utf8"));
const declarations = readFileSync(byHand, "utf8");

// Names that TypeScript or the browser has already.
const RENAMED = { error: "ErrorObject", file: "FileReference", importError: "ImportErrorObject" };

const nameOf = (key) => RENAMED[key] ?? key[0].toUpperCase() + key.slice(1);

const SIMPLE = { string: "string", integer: "number", number: "number", boolean: "boolean", null: "null" };

function comment(description, indent = "") {
  return description ? `${indent}/** ${description} */\n` : "";
}

function objectType({ properties = {}, required = [], additionalProperties }, indent) {
  const inner = `${indent}  `;
  const lines = Object.entries(properties)
    .filter(([, property]) => property !== false)
    .map(([key, property]) => {
      const mark = required.includes(key) ? "" : "?";
      return `${comment(property.description, inner)}${inner}${key}${mark}: ${typeOf(property, inner)};`;
    });
  if (additionalProperties && typeof additionalProperties === "object") lines.push(`${inner}[key: string]: ${typeOf(additionalProperties, inner)};`);
  if (lines.length === 0) return "Record<string, unknown>";
  return `{\n${lines.join("\n")}\n${indent}}`;
}

function union(types) {
  return [...new Set(types.flatMap((type) => (type.includes("{") ? [type] : type.split(" | "))))].join(" | ");
}

function ofOneType(type, part, indent) {
  if (SIMPLE[type]) return SIMPLE[type];
  if (type === "object") return objectType(part, indent);
  if (type === "array") {
    const item = part.items ? typeOf(part.items, indent) : "unknown";
    return /[ {&|]/.test(item) ? `Array<${item}>` : `${item}[]`;
  }
  throw new Error(`the schema has a type ${JSON.stringify(type)} that is not known here`);
}

function typeOf(part, indent = "") {
  if (part === true) return "unknown";
  const all = [];
  if (part.$ref) all.push(nameOf(part.$ref.replace("#/$defs/", "")));
  if ("const" in part) all.push(JSON.stringify(part.const));
  else if (part.enum) all.push(union(part.enum.map((value) => JSON.stringify(value))));
  else if (part.type) all.push(union([part.type].flat().map((type) => ofOneType(type, part, indent))));
  else if (part.properties) all.push(objectType(part, indent));
  else if (part.$ref && part.required) all.push(`{ ${part.required.map((key) => `${key}: unknown`).join("; ")} }`);
  // Alternatives that only say which properties go together are left to the service.
  const alternatives = (part.oneOf ?? part.anyOf ?? []).filter((one) => one.$ref || one.type || one.properties || one.enum);
  if (alternatives.length > 0) all.push(union(alternatives.map((one) => typeOf(one, indent))));
  if (all.length === 0) return "unknown";
  if (all.length === 1) return all[0];
  return all.map((type) => (type.includes(" | ") && !type.startsWith("{") ? `(${type})` : type)).join(" & ");
}

/** Whether a parameter may be left out: nothing in it is required. */
function isOptional(part) {
  const { $ref, type, required, oneOf, anyOf } = part;
  if ($ref) return isOptional(schema.$defs[$ref.replace("#/$defs/", "")]);
  return [type].flat().includes("null") || (type === "object" && !required && !oneOf && !anyOf);
}

function declared(key, part) {
  const type = typeOf(part);
  // One object, and nothing beside it.
  const isInterface = part.type === "object" && !part.$ref && type === objectType(part, "");
  return comment(part.description) + (isInterface ? `export interface ${nameOf(key)} ${type}` : `export type ${nameOf(key)} = ${type};`);
}

function method(name, { description, parameters, answer }) {
  const list = Object.entries(parameters).map(([key, part]) => {
    const type = typeOf(part, "  ");
    return isOptional(part) ? `${key}?: ${union([type, "null"])}` : `${key}: ${type}`;
  });
  // The version may be among the options of the call.
  if (!("options" in parameters)) list.push("options?: Options");
  return `${comment(description, "  ")}  ${name}(${list.join(", ")}): Promise<${typeOf(answer, "  ")}>;`;
}

// Declared by hand: the calls that files travel with.
const calls = Object.entries(schema.calls).filter(([name]) => !new RegExp(`\\b${name}\\(`).test(declarations));
const events = Object.entries(schema.events);

console.log(
  [
    declarations.trimEnd(),
    `${comment("The calls that no files travel with. A refused call rejects with a `PixelmillError`.")}export interface Calls {\n${calls.map(([name, call]) => method(name, call)).join("\n")}\n}`,
    `${comment("The events, with their details. They are dispatched when what they announce is durable.")}export interface Events {\n${events.map(([name, part]) => `${comment(part.description, "  ")}  ${name}: CustomEvent<${typeOf(part)}>;`).join("\n")}\n}`,
    ...Object.entries(schema.$defs).map(([key, part]) => declared(key, part)),
  ].join("\n\n"),
);
