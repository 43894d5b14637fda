import type { KubeRequest } from "../transport.ts";

/** A request with all its headers, ready to be written. */
export interface CompleteRequest extends Pick<KubeRequest, "method" | "path" | "body"> {
  /** Headers that many requests share, as `headerLines` writes them. */
  readonly commonLines?: string;
  readonly headers: Readonly<Record<string, string>>;
}

const isTarget = /^[\x21-\x7e]+$/;
/** Excludes line ends, which would allow injected headers or requests. */
const isValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The bytes of an HTTP/1.1 request. Throws when the path or a header contains characters that are not allowed. */
export function requestText({ method, path, commonLines = "", headers, body }: CompleteRequest): string | Uint8Array {
  if (!isTarget.test(path)) throw new Error(`the path ${JSON.stringify(path)} is not escaped`);
  const head = `${method} ${path} HTTP/1.1\r\n${commonLines}${headerLines(headers)}`;
  if (body === undefined)
    return method === "GET" || method === "DELETE" ? `${head}\r\n` : `${head}content-length: 0\r\n\r\n`;
  const whole = `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return typeof body === "string" ? whole + body : Buffer.concat([Buffer.from(whole), body]);
}

/** Header lines. Throws when a value contains characters that are not allowed. */
export function headerLines(headers: CompleteRequest["headers"]): string {
  let lines = "";
  for (const name in headers) {
    const value = headers[name] ?? "";
    if (!isValue.test(value)) throw new Error(`the header ${name} contains a character that is not allowed in headers`);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}
