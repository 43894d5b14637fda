import type { IncomingHttpHeaders } from "node:http2";
import type { HeaderList } from "../../http2/hpack/header-writer.ts";

/** Headers by name, as Node's servers tell them: values of one name are one text, but those of `set-cookie` a list. */
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

/** The first value of a name; undefined: it is not there. */
export function headerValue(list: HeaderList, name: string): string | undefined {
  for (let i = 0; i + 1 < list.length; i += 2) if (list[i] === name) return list[i + 1];
  return undefined;
}
