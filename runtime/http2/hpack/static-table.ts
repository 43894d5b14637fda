/** RFC 7541 appendix A, from index 1 on. */
const entries =
  ":authority;:method=GET;:method=POST;:path=/;:path=/index.html;:scheme=http;:scheme=https;:status=200;:status=204;" +
  ":status=206;:status=304;:status=400;:status=404;:status=500;accept-charset;accept-encoding=gzip, deflate;" +
  "accept-language;accept-ranges;accept;access-control-allow-origin;age;allow;authorization;cache-control;" +
  "content-disposition;content-encoding;content-language;content-length;content-location;content-range;content-type;" +
  "cookie;date;etag;expect;expires;from;host;if-match;if-modified-since;if-none-match;if-range;if-unmodified-since;" +
  "last-modified;link;location;max-forwards;proxy-authenticate;proxy-authorization;range;referer;refresh;" +
  "retry-after;server;set-cookie;strict-transport-security;transfer-encoding;user-agent;vary;via;www-authenticate";

/** Alternating names and values of the table; an empty value is none. */
export const staticTable: readonly string[] = entries.split(";").flatMap((entry) => {
  const [name = "", value = ""] = entry.split("=");
  return [name, value];
});

/** Number of entries of the static table. */
export const staticEntries: number = staticTable.length / 2;

/** Size of an entry of a table or list besides its bytes (RFC 7541 §4.1, RFC 9113 §6.5.2). */
export const entryOverhead = 32;
