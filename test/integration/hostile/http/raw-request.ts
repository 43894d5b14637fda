/** What a client sends on one connection, and what it must be told: answers, then whether the connection is closed. Who still sends when it is closed may miss the answer. */
export interface ConnectionCase {
  readonly sends: readonly (string | Uint8Array)[];
  readonly want: string | RegExp;
}

/** A body that names a model's input and holds no rows: refused, and never executed. */
export const body = '{"instances":[]}';
export const path = "/v1/models/digits:predict";
export const post = (headers: string, rest = "", target = path): string =>
  `POST ${target} HTTP/1.1\r\nhost: a\r\n${headers}\r\n${rest}`;
export const get = (target: string, headers = ""): string => `GET ${target} HTTP/1.1\r\nhost: a\r\n${headers}\r\n`;
export const chunked = "transfer-encoding: chunked\r\n";
/** A request that must be answered only where it is one. */
export const smuggled = get("/v1/models/smuggled");
