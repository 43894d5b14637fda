import type { IncomingMessage } from "node:http";

/** Where a request goes by its target and its headers. */
export interface RequestTarget {
  readonly path: string;
  /** That of an absolute target, which counts in place of the header. Absent: the target is a path. */
  readonly host?: string;
}

const absoluteForm = /^https?:\/\/([^/?#]*)(.*)$/i;

/**
 * Reads a target as every server must: proxies in front may name the host in it as well (`GET http://host/path`), and then the header
 * does not count (RFC 9112 §3.2.2).
 */
export function requestTarget({ url = "/" }: IncomingMessage): RequestTarget {
  const [, host, rest] = url.startsWith("/") ? [] : (absoluteForm.exec(url) ?? []);
  if (host === undefined || rest === undefined) return { path: url };
  return { host, path: rest.startsWith("/") ? rest : `/${rest}` };
}

/** Names and values in turn, with this host in place of any other. */
export function withHost(rawHeaders: readonly string[], host: string): readonly string[] {
  const others = rawHeaders.filter((_, i, all) => all[i - (i % 2)]?.toLowerCase() !== "host");
  return ["host", host, ...others];
}
