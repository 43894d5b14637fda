/** One HTTP request to an API server. Path and query are complete and escaped: `/api/v1/namespaces/a/pods?limit=500`. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** In place of `body`, for a transport that shares memory: what the body would be the JSON of. */
  readonly content?: object;
  /** Ends the request with a fault; a stream is limited only until its headers have come. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A response that was read to its end. */
export interface KubeResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What `body` is the JSON of, from a transport that shares memory; nobody may change it. */
  readonly content?: unknown;
}

/** A response read piece by piece: a watch. Iteration ends when the server ends it; an error means the connection broke. */
export interface KubeStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: AsyncIterable<Uint8Array>;
  /**
   * In place of `chunks`, from a transport that reads into one place: tells each piece, which is the listener's until it
   * returns. Settles at the end, or when false was returned; fails when the connection breaks.
   */
  readonly read?: (onPiece: (piece: Uint8Array) => boolean) => Promise<void>;
  /** In place of `chunks`, from a transport that shares memory: the values of lines, or bytes. Nobody may change them. */
  readonly values?: AsyncIterable<unknown>;
  close(): void;
}

/**
 * The border to an API server: over HTTP for a real one, by a function call for the model in `operator/local`. It knows
 * no kinds and no retries; both implementations pass `test/conformance`.
 */
export interface Transport {
  /** The server is in this process: it takes and gives values in place of their JSON. */
  readonly sharesMemory?: boolean;
  /** One request, the whole response, whatever its status. Throws a fault when no response came. */
  send(request: KubeRequest): Promise<KubeResponse>;
  /** Opens a long response. Throws a fault when no response came. */
  open(request: KubeRequest): Promise<KubeStream>;
  close(): Promise<void>;
}
