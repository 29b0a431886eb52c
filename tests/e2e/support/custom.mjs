// Custom actions, written byte by byte: modules that export what docs/custom-actions.md describes.

const [I32, EMPTY] = [0x7f, 0x40];
const [UNREACHABLE, LOOP, IF, END, BRANCH, BRANCH_IF] = [0x00, 0x03, 0x04, 0x0b, 0x0c, 0x0d];
const [EQUAL, UNEQUAL, ADD, MULTIPLY, XOR] = [0x46, 0x47, 0x6a, 0x6c, 0x73];
const LOAD = [0x28, 2, 0];
const STORE = [0x36, 2, 0];

/** The parameters of `pixelmill_run`, and two places of its own. */
const [WIDTH, HEIGHT, PIXELS, AT, STOP] = [0, 1, 3, 6, 7];
/** Where the description and the four words of a result lie, and where free memory begins. */
const [DESCRIPTION, RESULT, FREE] = [64, 16, 1 << 16];
/** 16 MiB. */
const PAGES = 256;

const get = (local) => [0x20, local];
const set = (local) => [0x21, local];
const number = (value) => [0x41, ...signed(value)];

/** Traps if the picture is this wide. */
export const trapAt = (width) => [...get(WIDTH), ...number(width), EQUAL, IF, EMPTY, UNREACHABLE, END];

/** Never ends if the picture is this wide. */
export const hangAt = (width) => [...get(WIDTH), ...number(width), EQUAL, IF, EMPTY, LOOP, EMPTY, BRANCH, 0, END, END];

/** Inverts the colours of every pixel, and leaves their opacity. */
export const INVERT = [
  ...[...get(PIXELS), ...set(AT)],
  ...[...get(PIXELS), ...get(WIDTH), ...get(HEIGHT), MULTIPLY, ...number(4), MULTIPLY, ADD, ...set(STOP)],
  ...[LOOP, EMPTY],
  ...[...get(AT), ...get(AT), ...LOAD, ...number(0xffffff), XOR, ...STORE],
  ...[...get(AT), ...number(4), ADD, ...set(AT)],
  ...[...get(AT), ...get(STOP), UNEQUAL, BRANCH_IF, 0],
  END,
];

/** A module with this description, whose `pixelmill_run` does this before it returns the picture. */
export function customAction(description, work, { withImport = false, without = "" } = {}) {
  const text = [...Buffer.from(JSON.stringify(description))];
  const type = (parameters, results) => [0x60, ...list(Array(parameters).fill([I32])), ...list(Array(results).fill([I32]))];
  // An imported function comes before the module's own.
  const first = withImport ? 1 : 0;
  const exported = ["pixelmill_abi", "pixelmill_describe", "pixelmill_allocate", "pixelmill_run"].map((name, index) => [...named(name), 0, index + first]);
  const kept = [[...named("memory"), 2, 0], ...exported].filter((entry) => !Buffer.from(entry).includes(without || "\0none"));
  const code = (locals, instructions) => sized([...list(locals === 0 ? [] : [[locals, I32]]), ...instructions, END]);
  const word = (place, value) => [...number(RESULT + place), ...value, ...STORE];
  const result = [word(0, number(0)), word(4, get(WIDTH)), word(8, get(HEIGHT)), word(12, get(PIXELS)), number(RESULT)].flat();
  // What is free before, and then more.
  const allocate = [0x23, 0, 0x23, 0, ...get(0), ADD, 0x24, 0];
  return Buffer.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([type(0, 1), type(1, 1), type(6, 1), type(0, 0)])),
    ...(withImport ? section(2, list([[...named("env"), ...named("now"), 0, 3]])) : []),
    ...section(3, list([[0], [0], [1], [2]])),
    ...section(5, list([[0, ...unsigned(PAGES)]])),
    ...section(6, list([[I32, 1, ...number(FREE), END]])),
    ...section(7, list(kept)),
    ...section(10, list([code(0, number(1)), code(0, number(DESCRIPTION)), code(0, allocate), code(2, [...work, ...result])])),
    ...section(11, list([[0, ...number(DESCRIPTION), END, ...sized([...words(text.length), ...text])]])),
  ]);
}

const section = (id, content) => [id, ...sized(content)];
const sized = (bytes) => [...unsigned(bytes.length), ...bytes];
const named = (name) => sized([...Buffer.from(name)]);
const list = (entries) => [...unsigned(entries.length), ...entries.flat()];
const words = (value) => [value & 0xff, (value >> 8) & 0xff, value >> 16, 0];

function unsigned(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

/** LEB128 of a number that is not negative and signed nevertheless. */
function signed(value) {
  const bytes = [];
  for (; value >= 0x40; value = Math.floor(value / 128)) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}
