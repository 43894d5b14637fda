import type { GatewayMessage } from "../../runtime/contract/route-table.ts";
import { routeFaults } from "./faults.ts";

/** Limit for a line from a gateway: its messages are short. */
const lineLimitBytes = 4096;

/** Parses the messages of a gateway's stream, one per line. Throws `LineTooLong` or `UnreadableLine`. */
export async function* gatewayMessages(chunks: AsyncIterable<Buffer>): AsyncGenerator<GatewayMessage> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const text = rest.subarray(0, end).toString("utf8").trim();
      rest = rest.subarray(end + 1);
      if (end > lineLimitBytes) throw routeFaults.LineTooLong({ limitBytes: lineLimitBytes });
      if (text !== "") yield message(text);
    }
    if (rest.length > lineLimitBytes) throw routeFaults.LineTooLong({ limitBytes: lineLimitBytes });
  }
}

function message(text: string): GatewayMessage {
  const value = parsedJson(text);
  const fields: MessageFields = typeof value === "object" && value !== null ? value : {};
  const { type, gateway, version, key } = fields;
  if (type === "hello" && isName(gateway)) return { type, gateway };
  if (type === "ack" && typeof version === "number") return { type, version };
  if (type === "newer" && typeof version === "number" && isName(key)) return { type, version, key };
  if (type === "wake" && isName(key)) return { type, key };
  throw routeFaults.UnreadableLine({ line: text.slice(0, 80) });
}

type MessageFields = { readonly [field in "type" | "gateway" | "version" | "key"]?: unknown };

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Names of pods and keys of ModelDeployments are never longer. */
function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 512;
}
