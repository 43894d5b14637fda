import type { IncomingHttpHeaders } from "node:http2";
import type { HeaderList } from "../../http2/hpack/header-writer.ts";

/** Headers by name, as Node's servers parse them: repeated values are joined, except those of `set-cookie`. */
export function headerRecord(list: HeaderList): IncomingHttpHeaders {
  const record: Record<string, string | string[]> = {};
  for (let i = 0; i + 1 < list.length; i += 2) {
    const [name = "", value = ""] = [list[i], list[i + 1]];
    const before = record[name];
    if (before === undefined || !Object.hasOwn(record, name)) record[name] = name === "set-cookie" ? [value] : value;
    else if (typeof before === "string") record[name] = `${before}${name === "cookie" ? "; " : ", "}${value}`;
    else before.push(value);
  }
  return record;
}

/** The first value of a header; undefined: there is none. */
export function headerValue(list: HeaderList, name: string): string | undefined {
  for (let i = 0; i + 1 < list.length; i += 2) if (list[i] === name) return list[i + 1];
  return undefined;
}
