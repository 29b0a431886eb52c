// The types of `<pixel-mill>`. Importing this module defines the element.

import type { Calls, Execution, PixelmillEvents, ProcessOptions } from "./pixelmill.js";

/** What of the view is shown. */
export type Layout = "full" | "drop" | "progress" | "results";

/** The client of an element's view. */
export interface ElementClient extends Calls, EventTarget {
  /** Runs a workflow, by its document or its id, over one file; resolves with the results as files. */
  processFile(file: Blob, workflow: string | object, options?: ProcessOptions): Promise<File[]>;
}

/** A result of the batch that was started last. */
export interface Result {
  name: string;
  blob: Blob;
  execution: Execution;
}

/** What the view says in a language: the English text, and its translation or the forms of it for numbers. */
export interface Translations {
  language: string;
  direction?: "ltr" | "rtl";
  /** The decimal separator. */
  decimal?: string;
  texts: Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>;
}

/** The details of the element's events, which bubble. */
export interface PixelMillEvents {
  "pixelmill-ready": CustomEvent<{ client: ElementClient }>;
  "pixelmill-filesadded": CustomEvent<{ count: number; bytes: number }>;
  "pixelmill-batchstarted": CustomEvent<{ batchId: string }>;
  "pixelmill-progress": PixelmillEvents["progress"];
  "pixelmill-executioncompleted": PixelmillEvents["executioncompleted"];
  "pixelmill-batchcompleted": PixelmillEvents["batchcompleted"];
  "pixelmill-error": CustomEvent<{ message: string; hint: string }>;
}

export class PixelMillElement extends HTMLElement {
  /** The client of the view, once it has started. */
  readonly client: Promise<ElementClient>;
  /** The workflow: an id, an address of a document, or a document. */
  get workflow(): string | object | null;
  set workflow(workflow: string | object | null);
  /** Tables of further languages, or of other words, by language. */
  get translations(): Record<string, Translations>;
  set translations(tables: Record<string, Translations>);
  /** Adds pictures; resolves once they are stored. */
  addFiles(files: Iterable<Blob>): Promise<void>;
  /** Runs the workflow over the pictures; resolves with the batch's id once it has been accepted. */
  run(): Promise<string>;
  /** The results of the batch that was started last. */
  results(): Promise<Result[]>;
  addEventListener<K extends keyof PixelMillEvents>(type: K, listener: (event: PixelMillEvents[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener<K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "pixel-mill": PixelMillElement;
  }
}
