import { Buffer } from "node:buffer";
import { constants, gunzipSync, inflateSync } from "node:zlib";
import { faults } from "../../faults.ts";
import { grpcFaults } from "../faults.ts";
import { type ModelPlace, type NamedModel, namedModel } from "./named-model.ts";
import { renumbered, type NumberOf } from "./renumbered.ts";

/** A flag and the length of the message stand before each (gRPC over HTTP2, "Length-Prefixed-Message"). */
export const prefixBytes = 5;
/** So much of a message is looked through for its model; writers put it first. */
const headBytes = 64 * 1024;
/** Of a compressed message so much is looked through: what it becomes is a thousand times that at most. */
const peekedBytes = 1024;
/** A compressed message with a label in place of a version is not to become larger than this. */
const maxInflatedBytes = 4 * 1024 * 1024;

/** The first message of a call, as far as it is there. */
export interface MessageHead {
  readonly isCompressed: boolean;
  /** Bytes of the message as its prefix tells. */
  readonly sizeBytes: number;
  /** What has come of it. */
  readonly payload: Buffer;
  readonly isWhole: boolean;
}

/** Undefined until a whole prefix has come. */
export function messageHead(bytes: Buffer): MessageHead | undefined {
  if (bytes.length < prefixBytes) return undefined;
  const sizeBytes = bytes.readUInt32BE(1);
  const payload = bytes.subarray(prefixBytes, prefixBytes + sizeBytes);
  return { isCompressed: bytes[0] === 1, sizeBytes, payload, isWhole: payload.length === sizeBytes };
}

/** Checks the length of every message that passes. Throws `BodyTooLarge`. */
export function messageMeter(limitBytes: number): (chunk: Uint8Array) => void {
  let left = 0;
  let prefix = 0;
  let sizeBytes = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (left > 0) {
        const passed = Math.min(left, chunk.length - at);
        left -= passed;
        at += passed;
        continue;
      }
      if (prefix > 0) sizeBytes = sizeBytes * 256 + (chunk[at] ?? 0);
      at += 1;
      prefix += 1;
      if (prefix < prefixBytes) continue;
      if (sizeBytes > limitBytes) throw faults.BodyTooLarge({ sizeBytes, limitBytes });
      left = sizeBytes;
      prefix = 0;
      sizeBytes = 0;
    }
  };
}

/** What the message says of its model; `cut`: more of it has to come. Throws `MessageUnreadable` and ProtobufError. */
export function headModel(place: ModelPlace, head: MessageHead, encoding: string | undefined): NamedModel | "cut" {
  const { payload, isCompressed } = head;
  if (!isCompressed) return namedModel(place, payload, head.isWhole);
  const isWhole = head.isWhole && payload.length <= peekedBytes;
  if (!isWhole && payload.length < peekedBytes) return "cut";
  const named = namedModel(place, inflated(payload.subarray(0, peekedBytes), encoding), isWhole);
  return named === "cut" ? { name: "" } : named;
}

/** The beginning of a compressed message as it was. */
function inflated(payload: Buffer, encoding: string | undefined): Buffer {
  const limits = { maxOutputLength: maxInflatedBytes, finishFlush: constants.Z_SYNC_FLUSH };
  try {
    if (encoding === "gzip") return gunzipSync(payload, limits);
    if (encoding === "deflate") return inflateSync(payload, limits);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw grpcFaults.MessageUnreadable({ reason }, thrown);
  }
  throw grpcFaults.MessageUnreadable({ reason: `grpc-encoding is ${encoding}; must be gzip or deflate` });
}

interface Renumbering {
  readonly place: ModelPlace;
  readonly numberOf: NumberOf;
  readonly encoding: string | undefined;
}

/** Puts numbers in place of labels in all messages that pass. Holds back what is needed to find them, `headBytes` at most. */
export function renumberedMessages({ place, numberOf, encoding }: Renumbering): (chunk: Buffer) => Buffer {
  let held: Buffer = Buffer.alloc(0);
  let passing = 0;
  return (chunk) => {
    const parts: Buffer[] = [];
    let bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    held = Buffer.alloc(0);
    while (bytes.length > 0) {
      if (passing > 0) {
        parts.push(bytes.subarray(0, passing));
        passing -= parts.at(-1)?.length ?? 0;
        bytes = bytes.subarray(parts.at(-1)?.length ?? 0);
        continue;
      }
      const head = messageHead(bytes);
      if (head === undefined || isTooShort(head, place)) {
        held = bytes;
        break;
      }
      const payload = head.isCompressed ? inflated(head.payload, encoding) : head.payload;
      const changed = renumbered(place, payload, numberOf);
      passing = head.sizeBytes - head.payload.length;
      parts.push(prefix(changed.length + passing), changed);
      bytes = bytes.subarray(prefixBytes + head.payload.length);
    }
    return Buffer.concat(parts);
  };
}

function isTooShort({ isWhole, isCompressed, payload }: MessageHead, place: ModelPlace): boolean {
  if (isWhole) return false;
  if (!isCompressed) return payload.length < headBytes && namedModel(place, payload, false) === "cut";
  if (payload.length < headBytes) return true;
  const reason = `compressed, with a label in place of a version, and larger than ${headBytes} bytes`;
  throw grpcFaults.MessageUnreadable({ reason });
}

/** Of a message that is not compressed. */
function prefix(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(prefixBytes);
  bytes.writeUInt32BE(sizeBytes, 1);
  return bytes;
}
