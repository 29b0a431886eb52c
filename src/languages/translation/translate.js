// Shows a view in another language. Everything that Pixelmill says is English where it is written, in four programs, the catalog, the
// scripts and in records that outlive a visit; so it is translated where it is shown: texts and attributes of a part of a document are
// replaced as they change, before they are painted. The programs do not know of it, and English costs nothing.
//
// A table (`docs/languages.md`) has the English text as key. `{name}` in it stands for a number or another text, which is looked up
// too, unless it is in quotation marks: then it is somebody's name for something. Elements that show such names have `translate="no"`.

/** Attributes that are read or spoken. */
const ATTRIBUTES = ["aria-label", "aria-description", "aria-valuetext", "aria-roledescription", "title", "placeholder", "alt", "label"];
/** Elements whose text is not for people, or the user's own. */
const NOT_TEXT = "script, style, noscript, code, pre, textarea, [translate=no], [contenteditable]";
/** Texts of messages that were looked up, at most. */
const MOST_KEPT = 2000;
/** What only consists of numbers, signs and units. */
const MEASURE = /^(?:[\d\s\u202f.,:×%+−±–≈/()–-]|\b(?:B|kB|MB|GB|TB|ms|s|min|h|px|MP|dpi|mm|fps|v)\b)+$/;
const PLACEHOLDER = /\{(\w*)\}/;
const NUMBER = "(\\d[\\d\\u202f]*)";
/** The name of a file or a format, or a URL. */
const NAME = /^(?:\S+\.\w{2,5}|[A-Z\d]+(?: [A-Z\d]+)?|WebP|Pixelmill|https?:\S*|#\w+|[^\p{L}]+)$/u;
/** Where a sentence ends and another begins. */
const SENTENCES = /((?<=[.!?…]) (?=[“"A-Z\d]))/;
const ENDS = /(?<=[.!?…؟]) /;
/** What lies between parts that are looked up one by one; whether all of them have to be found. */
const SEPARATORS = [[/( · )/, false], [SENTENCES, false], [/(: )/, true], [/(; )/, true], [/(, )/, true]];
/** Letters of a pattern below which it says little. */
const FEW = 4;
/** Letters of a pattern from which on it says enough to stand for several sentences. */
const TELLING = 20;

/** Texts without a translation, for whoever completes a table. */
export const missing = new Set();

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A sentence without its full stop. */
const bare = (sentence) => sentence.replace(/\.$/, "");

/** Whether what a placeholder stands for is more than a part of a sentence: then the sentences are looked up one by one. */
function swallows({ names, letters }, [, ...values]) {
  const isMore = (value) => value.includes(" · ") || (letters < TELLING && SENTENCES.test(value));
  return values.some((value, index) => !names[index].isQuoted && isMore(value));
}

/** A table, made ready for looking texts up. */
export class Translator {
  #exact = new Map();
  /** Patterns by the first characters of the text, each list with those that may begin with anything. */
  #patterns = new Map();
  #kept = new Map();
  #plural;
  #decimal;

  constructor({ language, direction = "ltr", decimal = ".", texts }) {
    this.language = language;
    this.direction = direction;
    this.#decimal = decimal;
    this.#plural = new Intl.PluralRules(language);
    for (const [keys, translation] of Object.entries(texts)) {
      for (const key of keys.split("|")) this.#add(key, translation);
    }
    for (const [key, translation] of Object.entries(texts)) this.#addSentences(key, translation);
    // The one that says most comes first.
    const anywhere = this.#patterns.get("") ?? [];
    for (const [start, list] of this.#patterns) {
      if (start !== "") list.push(...anywhere);
      list.sort((a, b) => b.letters - a.letters);
    }
  }

  /** A description's sentences, which are also shown alone, with or without the full stop. */
  #addSentences(key, translation) {
    if (typeof translation !== "string" || PLACEHOLDER.test(key)) return;
    const [sentences, translated] = [key, translation].map((text) => text.split(ENDS));
    if (sentences.length !== translated.length) return;
    sentences.forEach((sentence, index) => {
      for (const [text, other] of [[sentence, translated[index]], [bare(sentence), bare(translated[index])]]) {
        if (!this.#exact.has(text)) this.#exact.set(text, other);
      }
    });
  }

  #add(key, translation) {
    if (!PLACEHOLDER.test(key)) {
      this.#exact.set(key, translation);
      return;
    }
    // Texts and placeholders in turn.
    const parts = key.split(/(\{\w*\})/);
    const all = parts.filter((_, index) => index % 2 === 1).map((part) => PLACEHOLDER.exec(part)[1]);
    const counted = typeof translation === "string" ? "count" : (all.find((name) => name === "count") ?? all[0]);
    const names = all.map((name, index) => ({
      name,
      isQuoted: /[“"‘]$/.test(parts[2 * index]),
      isCount: name === counted,
    }));
    const literal = parts.filter((_, index) => index % 2 === 0);
    const letters = literal.join("").replace(/[^\p{L}]/gu, "").length;
    // A short word such as "of" says little between anything but numbers.
    const areNumbers = letters < FEW && !key.includes("(");
    const inner = (index) => (names[index].isCount || areNumbers ? NUMBER : "([^]+?)");
    const source = parts.map((part, index) => (index % 2 === 0 ? escaped(part) : inner((index - 1) / 2)));
    const pattern = { regex: new RegExp(`^${source.join("")}$`), names, letters, translation };
    // It would fit anything, or nobody could say where one ends and the other begins.
    if ((letters < 2 && !key.includes("(")) || literal.slice(1, -1).includes("")) return;
    const start = parts[0].slice(0, 3);
    const bucket = start.length === 3 ? start : "";
    if (!this.#patterns.has(bucket)) this.#patterns.set(bucket, []);
    this.#patterns.get(bucket).push(pattern);
  }

  /** The translation of a text, or the text itself. */
  text(english) {
    const [, before, core, after] = /^([\s·]*)([^]*?)([\s·]*)$/.exec(english);
    if (core === "") return english;
    const found = this.#found(core);
    if (found === undefined && !NAME.test(core) && missing.size < MOST_KEPT) missing.add(core);
    return before + (found ?? core) + after;
  }

  #found(core) {
    if (this.#kept.has(core)) return this.#kept.get(core);
    const found = this.#lookUp(core);
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(core, found);
    return found;
  }

  #lookUp(core) {
    if (MEASURE.test(core)) return this.#isolated(this.#measure(core));
    const exact = this.#exact.get(core);
    if (exact !== undefined) return this.#form(exact, 1);
    if (NAME.test(core)) return this.#isolated(core);
    for (const pattern of this.#patterns.get(core.slice(0, 3)) ?? this.#patterns.get("") ?? []) {
      const match = pattern.regex.exec(core);
      if (match && !swallows(pattern, match)) return this.#filled(pattern, match);
    }
    return this.#inParts(core);
  }

  /** Several sentences, or several facts with a sign between them, one by one. */
  #inParts(core) {
    for (const [separator, needsAll] of SEPARATORS) {
      const parts = core.split(separator);
      if (parts.length < 3) continue;
      const translated = parts.map((part, index) => (index % 2 === 0 ? this.#found(part) : part));
      const areFound = translated.map((part, index) => part !== undefined || NAME.test(parts[index]) || MEASURE.test(parts[index]));
      if (needsAll ? areFound.every(Boolean) : translated.some((part, index) => index % 2 === 0 && part !== undefined)) {
        return translated.map((part, index) => part ?? parts[index]).join("");
      }
    }
    // A heading with its colon.
    const ended = /^([^]*[^.:…])([.:…])$/.exec(core);
    const found = ended && this.#exact.get(ended[1]);
    return found === undefined || found === null ? undefined : this.#form(found, 1) + ended[2];
  }

  #filled({ names, translation }, match) {
    const values = new Map();
    let count = 1;
    names.forEach(({ name, isQuoted, isCount }, index) => {
      const value = match[index + 1];
      if (isCount) count = Number(value.replace(/[\s\u202f]/g, ""));
      values.set(name, isQuoted ? value : this.text(value));
    });
    return this.#form(translation, count).replace(/\{(\w*)\}/g, (whole, name) => values.get(name) ?? whole);
  }

  #form(translation, count) {
    if (typeof translation === "string") return translation;
    return translation[this.#plural.select(count)] ?? translation.other;
  }

  /** Names and measures run from left to right in every language. */
  #isolated(core) {
    return this.direction === "rtl" && /[A-Za-z×%]/.test(core) ? `\u2066${core}\u2069` : core;
  }

  #measure(core) {
    if (this.#decimal === ".") return core;
    return core.replace(/(?<![\d.])(\d+)\.(\d+)(?![\d.])/g, `$1${this.#decimal}$2`);
  }
}

/** A part of a document that is shown in another language until `stop` is called. */
class Watch {
  #root;
  #translator;
  #observer;
  /** What was found and what was written instead, by node. */
  #texts = new WeakMap();
  #attributes = new WeakMap();

  constructor(root, translator) {
    this.#root = root;
    this.#translator = translator;
    this.#observer = new MutationObserver((changes) => this.#changed(changes));
    this.#below(root);
    this.#observe();
  }

  #observe() {
    const options = { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES };
    this.#observer.observe(this.#root, options);
  }

  stop() {
    this.#observer.disconnect();
    const walker = document.createTreeWalker(this.#root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walker.currentNode; node; node = walker.nextNode()) {
      const text = this.#texts.get(node);
      if (text && text.shown === node.data) node.data = text.source;
      for (const [name, { source, shown }] of this.#attributes.get(node) ?? []) {
        if (node.getAttribute(name) === shown) node.setAttribute(name, source);
      }
    }
  }

  #changed(changes) {
    for (const { type, target, attributeName, addedNodes } of changes) {
      if (type === "characterData") this.#text(target);
      else if (type === "attributes") this.#attribute(target, attributeName);
      else for (const node of addedNodes) this.#below(node);
    }
    // What was written just now is no news.
    this.#observer.takeRecords();
  }

  #below(root) {
    if (root.nodeType === Node.TEXT_NODE) return this.#text(root);
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walker.currentNode; node; node = walker.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) this.#text(node);
      else if (node.nodeType === Node.ELEMENT_NODE) for (const name of ATTRIBUTES) this.#attribute(node, name);
    }
  }

  #text(node) {
    const { data, parentElement } = node;
    if (this.#texts.get(node)?.shown === data || !/\p{L}|\d\.\d|[%×]/u.test(data)) return;
    if (parentElement?.closest(NOT_TEXT)) return;
    const shown = this.#translator.text(data);
    this.#texts.set(node, { source: data, shown });
    if (shown !== data) node.data = shown;
  }

  #attribute(element, name) {
    const value = element.getAttribute(name);
    if (!value || !/\p{L}/u.test(value)) return;
    const known = this.#attributes.get(element);
    if (known?.get(name)?.shown === value || element.closest("[translate=no]")) return;
    const shown = this.#translator.text(value);
    if (known) known.set(name, { source: value, shown });
    else this.#attributes.set(element, new Map([[name, { source: value, shown }]]));
    if (shown !== value) element.setAttribute(name, shown);
  }
}

const files = new Map();

/** A file beside this script, fetched once. */
function fetched(name) {
  if (!files.has(name)) {
    const file = fetch(new URL(name, import.meta.url)).then((response) => response.json());
    files.set(name, file);
    file.catch(() => files.delete(name));
  }
  return files.get(name);
}

const translators = new Map();

/** The translator of the first of some languages that this deployment has; null for English. */
async function translatorOf(wished) {
  const languages = await fetched("languages.json");
  const language = wished.map((tag) => tag.split("-")[0]).find((language) => Object.hasOwn(languages, language)) ?? "en";
  if (language !== "en" && !translators.has(language)) {
    translators.set(language, new Translator(await fetched(`${language}.json`)));
  }
  return translators.get(language) ?? null;
}

/**
 * Shows what is in an element in a language, and gives it that language and its direction. The language is a table, or the first of a
 * list of language tags that the deployment has. Resolves with a function that ends that.
 */
export async function show(root, language) {
  const translator = Array.isArray(language) ? await translatorOf(language) : new Translator(language);
  root.lang = translator?.language ?? "en";
  root.dir = translator?.direction ?? "ltr";
  if (!translator) return () => {};
  const watch = new Watch(root, translator);
  return () => watch.stop();
}
