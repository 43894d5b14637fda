/**
 * What a client sends on one connection, and the expected responses, followed by whether the connection is closed. A client that
 * still sends when it is closed may miss the response.
 */
export interface ConnectionCase {
  readonly sends: readonly (string | Uint8Array)[];
  readonly want: string | RegExp;
}

/** A body without rows, which is refused without executing anything. */
export const body = '{"instances":[]}';
export const path = "/v1/models/digits:predict";
export const post = (headers: string, rest = "", target = path): string =>
  `POST ${target} HTTP/1.1\r\nhost: a\r\n${headers}\r\n${rest}`;
export const get = (target: string, headers = ""): string => `GET ${target} HTTP/1.1\r\nhost: a\r\n${headers}\r\n`;
export const chunked = "transfer-encoding: chunked\r\n";
/** A valid request, which must be answered only if it is parsed as one. */
export const smuggled = get("/v1/models/smuggled");
