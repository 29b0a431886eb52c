// Patching WebAssembly code: just enough to make a function trap.

import assert from "node:assert/strict";

const [TYPE_IMPORT, TYPE_EXPORT, TYPE_CODE] = [2, 7, 10];
const UNREACHABLE = 0x00;
const END = 0x0b;

/** A copy of a module in which the exported function traps as soon as it is called. */
export function trapping(module, exported) {
  const sections = [...sectionsOf(module)];
  const imported = functionImports(module, sections.find(({ id }) => id === TYPE_IMPORT));
  const index = exportedFunction(module, sections.find(({ id }) => id === TYPE_EXPORT), exported) - imported;
  const code = sections.find(({ id }) => id === TYPE_CODE);
  let [count, at] = number(module, code.start);
  assert.ok(index >= 0 && index < count, `${exported} has no code`);
  const bodies = [];
  for (let body = 0; body < count; body += 1) {
    const [length, start] = number(module, at);
    at = start + length;
    // No locals, `unreachable`, and the end.
    bodies.push(body === index ? Buffer.from([3, 0, UNREACHABLE, END]) : Buffer.concat([bytesOf(length), module.subarray(start, at)]));
  }
  const content = Buffer.concat([bytesOf(count), ...bodies]);
  const section = Buffer.concat([Buffer.from([TYPE_CODE]), bytesOf(content.length), content]);
  return Buffer.concat([module.subarray(0, code.at), section, module.subarray(code.end)]);
}

function* sectionsOf(module) {
  for (let at = 8; at < module.length; ) {
    const [length, start] = number(module, at + 1);
    yield { id: module[at], at, start, end: start + length };
    at = start + length;
  }
}

function functionImports(module, section) {
  if (section === undefined) return 0;
  const names = WebAssembly.Module.imports(new WebAssembly.Module(module));
  return names.filter(({ kind }) => kind === "function").length;
}

function exportedFunction(module, section, wanted) {
  let [count, at] = number(module, section.start);
  for (; count > 0; count -= 1) {
    const [length, start] = number(module, at);
    const name = module.toString("utf8", start, start + length);
    const kind = module[start + length];
    const [index, next] = number(module, start + length + 1);
    if (kind === 0 && name === wanted) return index;
    at = next;
  }
  throw new Error(`the module exports no function ${wanted}`);
}

/** A LEB128 number, and where it ends. */
function number(bytes, at) {
  for (let value = 0, shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

function bytesOf(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}
