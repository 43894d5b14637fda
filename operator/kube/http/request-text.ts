import type { KubeRequest } from "../transport.ts";

/** A request with all its headers. */
export interface Addressed extends Pick<KubeRequest, "method" | "path" | "body"> {
  /** Those that many requests have, as `headerLines` writes them. */
  readonly commonLines?: string;
  readonly headers: Readonly<Record<string, string>>;
}

const isTarget = /^[\x21-\x7e]+$/;
/** No line may end within a value: what follows would be a header, or a request, of somebody else's making. */
const isValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** A request as HTTP/1.1 writes it. Throws when path or headers cannot be written. */
export function requestText({ method, path, commonLines = "", headers, body }: Addressed): string | Uint8Array {
  if (!isTarget.test(path)) throw new Error(`the path ${JSON.stringify(path)} is not escaped`);
  const head = `${method} ${path} HTTP/1.1\r\n${commonLines}${headerLines(headers)}`;
  if (body === undefined)
    return method === "GET" || method === "DELETE" ? `${head}\r\n` : `${head}content-length: 0\r\n\r\n`;
  const whole = `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return typeof body === "string" ? whole + body : Buffer.concat([Buffer.from(whole), body]);
}

/** Headers, a line each. Throws when one cannot be written. */
export function headerLines(headers: Addressed["headers"]): string {
  let lines = "";
  for (const name in headers) {
    const value = headers[name] ?? "";
    if (!isValue.test(value)) throw new Error(`the header ${name} has a character that no header may have`);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}
