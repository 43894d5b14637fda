/** An opened response whose body has not been read. */
export interface SourceResponse {
  readonly body: AsyncIterable<Uint8Array>;
  /** Offset of the body's first byte in the file. */
  readonly start: number;
  readonly totalBytes: number | undefined;
  /** Identifies this content, so that a later range is of the same content. */
  readonly tag: string | undefined;
}

/** A failure that a retry may overcome. */
export interface TransientFailure {
  readonly reason: string;
  /** Delay that the server asked for. */
  readonly retryAfterMs?: number;
  /** The bytes read so far must be discarded. */
  readonly mustRestart?: true;
}

/** The position where an earlier response stopped. */
export interface ResumePoint {
  readonly offset: number;
  readonly tag: string | undefined;
}

/** Options of `StoredFile.open`. */
export interface OpenOptions {
  readonly resume: ResumePoint;
  readonly signal: AbortSignal | undefined;
}

/** One file of a store. */
export interface StoredFile {
  /** Relative to the requested location, with `/`; checked by `containedPath` before anything is written. */
  readonly path: string;
  /** For messages: without credentials. */
  readonly displayUrl: string;
  readonly sizeBytes: number | undefined;
  /** Opens the file, or the rest of it. Throws a Fault when a retry cannot help; network errors pass through. */
  open(options: OpenOptions): Promise<SourceResponse | TransientFailure>;
}

/** A location in a store that a model is downloaded from. */
export interface Store {
  readonly displayUrl: string;
  /** Lists the files. Throws a Fault when there are none. */
  files(signal: AbortSignal | undefined): Promise<readonly StoredFile[]>;
  /** Whether the location is a folder, by its URL; `undefined`: only the listing shows it. */
  readonly isFolder: boolean | undefined;
}
