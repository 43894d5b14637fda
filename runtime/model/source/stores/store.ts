/** What a server has to give, opened and not yet read. */
export interface SourceResponse {
  readonly body: AsyncIterable<Uint8Array>;
  /** Offset of the body's first byte in the file. */
  readonly start: number;
  readonly totalBytes: number | undefined;
  /** Names this content, so that a later range is of the same. */
  readonly tag: string | undefined;
}

/** A failure that may pass. */
export interface Setback {
  readonly reason: string;
  /** The server asked for this pause. */
  readonly afterMs?: number;
  /** What was read so far is of no use for what follows. */
  readonly startsAnew?: true;
}

/** Where an earlier response stopped. */
export interface ResumePoint {
  readonly offset: number;
  readonly tag: string | undefined;
}

/** From where a file is wanted. */
export interface OpenOptions {
  readonly resume: ResumePoint;
  readonly signal: AbortSignal | undefined;
}

/** One file of a store. */
export interface StoredFile {
  /** Below the place that was asked for, with `/`; checked by `contained.ts` before anything is written. */
  readonly path: string;
  /** For messages: without credentials. */
  readonly shown: string;
  readonly sizeBytes: number | undefined;
  /** Opens it, or the rest of it. Throws a Fault for what asking again cannot help; network errors pass through. */
  open(options: OpenOptions): Promise<SourceResponse | Setback>;
}

/** A place in a store that models are downloaded from. */
export interface Store {
  readonly shown: string;
  /** What is there. Throws a Fault when nothing is. */
  files(signal: AbortSignal | undefined): Promise<readonly StoredFile[]>;
  /** Whether the place is a folder, as far as its address tells; `undefined`: its content tells. */
  readonly isFolder: boolean | undefined;
}
