/** One HTTP request to an API server. The path includes the query and is escaped: `/api/v1/namespaces/a/pods?limit=500`. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** In place of `body`, for a transport that shares memory: the value whose JSON the body would be. */
  readonly content?: object;
  /** The request fails after this time; a stream is limited only until its headers have arrived. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A complete response. */
export interface KubeResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The value whose JSON `body` is, from a transport that shares memory; never change it. */
  readonly content?: unknown;
}

/** A streaming response, such as a watch. Iteration ends when the server ends the response; an error means the connection broke. */
export interface KubeStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: AsyncIterable<Uint8Array>;
  /**
   * In place of `chunks`, from a transport that reuses its buffer: calls `onPiece` with each piece, which is valid only during the
   * call. Settles at the end or when `onPiece` returns false; fails when the connection breaks.
   */
  readonly read?: (onPiece: (piece: Uint8Array) => boolean) => Promise<void>;
  /** In place of `chunks`, from a transport that shares memory: the values of lines, or bytes. Never change them. */
  readonly values?: AsyncIterable<unknown>;
  close(): void;
}

/**
 * The connection to an API server: HTTP for a real one, function calls for the model in `operator/local`. It knows no kinds and
 * does not retry. Both implementations pass `test/conformance`.
 */
export interface Transport {
  /** The server is in this process and exchanges values in place of their JSON. */
  readonly sharesMemory?: boolean;
  /** Sends a request and resolves with the whole response, whatever its status. Throws a fault when there is no response. */
  send(request: KubeRequest): Promise<KubeResponse>;
  /** Sends a request with a streaming response. Throws a fault when there is no response. */
  open(request: KubeRequest): Promise<KubeStream>;
  close(): Promise<void>;
}
