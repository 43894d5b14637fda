import type { HeaderList } from "../hpack/header-writer.ts";

/** What a message's headers say of the rest of it; undefined: they break a rule (RFC 9113 §8.1.1). */
export interface MessageHead {
  /** Bytes of its body, where they tell. */
  readonly contentBytes: number | undefined;
}

/** Of HTTP/1.1's connections: a message of HTTP/2 that has them is malformed (RFC 9113 §8.2.2). */
const connectionHeaders = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);
const requestPseudo = new Set([":method", ":scheme", ":path", ":authority"]);
const wholeNumber = /^\d{1,15}$/;
const colon = 58;
const unknownLength: MessageHead = { contentBytes: undefined };

/** Reads a request's headers. */
export function requestMessage(list: HeaderList): MessageHead | undefined {
  const pseudo = new Map<string, string>();
  let at = 0;
  for (; (list[at] ?? "").charCodeAt(0) === colon; at += 2) {
    const name = list[at] ?? "";
    if (!requestPseudo.has(name) || pseudo.has(name)) return undefined;
    pseudo.set(name, list[at + 1] ?? "");
  }
  return isPlaced(pseudo) ? fieldsFrom(list, at) : undefined;
}

/** RFC 9113 §8.3.1: what belongs into a request is there. A path that is another host's address would mean something to its next reader. */
function isPlaced(pseudo: ReadonlyMap<string, string>): boolean {
  const [method = "", path] = [pseudo.get(":method"), pseudo.get(":path")];
  if (method === "CONNECT") return path === undefined && !pseudo.has(":scheme");
  const isPath = path?.startsWith("/") === true || (path === "*" && method === "OPTIONS");
  return method !== "" && isPath && pseudo.has(":scheme");
}

/** Reads an answer's headers. `status` is three digits. */
export function answerMessage(list: HeaderList): MessageHead | undefined {
  if (list[0] !== ":status" || !/^\d{3}$/.test(list[1] ?? "")) return undefined;
  return fieldsFrom(list, 2);
}

/** Reads trailers. */
export function trailersMessage(list: HeaderList): MessageHead | undefined {
  return fieldsFrom(list, 0);
}

function fieldsFrom(list: HeaderList, start: number): MessageHead | undefined {
  let contentBytes: number | undefined;
  for (let i = start; i + 1 < list.length; i += 2) {
    const [name = "", value = ""] = [list[i], list[i + 1]];
    if (!mayStand(name, value)) return undefined;
    if (name !== "content-length") continue;
    if (!wholeNumber.test(value) || (contentBytes ?? Number(value)) !== Number(value)) return undefined;
    contentBytes = Number(value);
  }
  return contentBytes === undefined ? unknownLength : { contentBytes };
}

function mayStand(name: string, value: string): boolean {
  if (name.charCodeAt(0) === colon || connectionHeaders.has(name)) return false;
  return name !== "te" || value === "trailers";
}
