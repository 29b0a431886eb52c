// The types of Pixelmill's client. What the service answers is described by the contract's schema.

/** The contract's error object as an exception. */
export class PixelmillError extends Error {
  constructor(error: Omit<ErrorObject, "error"> & { error: string });
  /** Its kind. `execution_failed` comes from `processFile` only. */
  error: ErrorObject["error"] | "execution_failed";
  /** `error` for an unsupported `apiVersion`. */
  status: ErrorObject["status"];
  /** As an HTTP status. */
  code: ErrorObject["code"];
  /** What is wrong with the workflow, if it is at fault. */
  diagnostics?: Diagnostic[];
  /** From `importAssets`: the files that were stored before it stopped, in order. */
  imported?: Asset[];
  /** From `processFile`: what failed. */
  execution?: Execution;
  errorCategory?: ErrorCategory;
  phase?: Phase;
  actionId?: string | null;
  /** How to go on. */
  hint?: string;
}

/** What `connect` needs to know. */
export interface ConnectOptions {
  /** The address of the deployment, by default the folder of this document. */
  base?: string | URL;
  /**
   * Keeps batches and files in a database of this name, apart from all others of this origin: 1 to 300 letters, digits,
   * ".", "_" or "-". By default it is the one that the deployment's page would use on this origin.
   */
  database?: string;
  /** Shows the whole view in this element, as `<pixel-mill>` does. By default there is none. */
  view?: HTMLElement | false;
  /** Called if the connection waits until a tab with an older version is closed. */
  onBlocked?(): void;
}

/** The state of a connection. */
export interface State {
  /** `leader`: runs the batches. `follower`: another tab does. `alone` and `singleTab`: there is nothing to share. */
  role: "leader" | "follower" | "alone" | "singleTab";
  /** How many workers it keeps for pictures. */
  workers: number;
  /** The download of a model, while there is one. */
  loading?: { loaded: number; total: number } | null;
  /** Why it works from memory, if it does: nothing outlives the page. */
  memory?: string | null;
  /** Something that the user should know. */
  note?: { text: string; reloadHelps: boolean } | null;
}

/** How `processFile` proceeds. */
export interface ProcessOptions {
  /** Cancels it: the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Keeps the batch with its results; otherwise it is deleted in the end. */
  keep?: boolean;
}

/** Starts the service of a deployment in a worker of this page. */
export function connect(options?: ConnectOptions): Promise<Pixelmill>;

/** The events of a connection. */
export interface PixelmillEvents extends Events {
  /** `state` has a new value. */
  statechange: Event;
}

/** A connection to a service. */
export interface Pixelmill extends Calls {
  addEventListener<K extends keyof PixelmillEvents>(type: K, listener: (event: PixelmillEvents[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof PixelmillEvents>(type: K, listener: (event: PixelmillEvents[K]) => void, options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}

export class Pixelmill extends EventTarget {
  private constructor();
  /** This tab's role, its workers, and any note for the user. */
  readonly state: State;
  /** Stores files, whatever they contain: one asset per file, in order. */
  importAssets(files: Iterable<Blob>, options?: Options & { onStored?(assets: Asset[]): void }): Promise<Asset[]>;
  /** Adds a model of the U²-Net family from an ONNX file, by default under the file's name. */
  importModel(file: Blob, name?: string | null, options?: Options): Promise<Model>;
  /** Adds a file for actions to use besides pictures, by default under its own name: a model, a font, a lookup table or a custom action. */
  importFile(file: Blob, options: Options & FileRequest): Promise<UserFile>;
  /** Everything that is stored, as one ZIP. */
  exportArchive(options?: Options): Promise<Blob>;
  /** Imports what such a ZIP contains and is not here yet. */
  importArchive(archive: Blob, options?: Options): Promise<ArchiveAnswer>;
  /** The content at an `asset:` address. */
  readAsset(url: string, options?: Options): Promise<Blob>;
  /**
   * Runs one file through a workflow and returns the results. The file goes to the first `input-images` action without
   * images.
   */
  processFile(file: Blob, workflow: Workflow, options?: ProcessOptions): Promise<File[]>;
  /** Stops the service and its workers. Calls under way are refused; batches go on with the next connection. */
  close(): void;
}
