import { Buffer } from "node:buffer";
import { WireReader, wireTypes } from "../../../base/protobuf/wire-reader.ts";
import { WireWriter } from "../../../base/protobuf/wire-writer.ts";
import { type ModelPlace, nameFields, specFields, tagOf } from "./named-model.ts";

/** The number that stands for a label; `none`: pods are to be asked for no version; undefined: the label is left to them. */
export type NumberOf = (label: string) => { readonly number: string | undefined } | undefined;

/**
 * The beginning of a request message with the number in place of the label of its version. `head` goes at least as far as the
 * model is named; a field that it cuts off is left as it is, and so is what follows `head`.
 */
export function renumbered(place: ModelPlace, head: Uint8Array, numberOf: NumberOf): Buffer {
  return place.kind === "spec" ? specRenumbered(head, place.path, numberOf) : namesRenumbered(head, numberOf);
}

function namesRenumbered(head: Uint8Array, numberOf: NumberOf): Buffer {
  return rewritten(head, nameFields.version, (bytes) => {
    const known = numberOf(Buffer.from(bytes).toString());
    return known === undefined ? bytes : Buffer.from(known.number ?? "");
  });
}

function specRenumbered(head: Uint8Array, path: readonly number[], numberOf: NumberOf): Buffer {
  const [field, ...deeper] = path;
  if (field === undefined) return specMessage(head, numberOf);
  return rewritten(head, field, (bytes) => specRenumbered(bytes, deeper, numberOf));
}

/** A copy in which each value of one field, of bytes, is another; where `head` ends within a field, the rest is copied. */
function rewritten(head: Uint8Array, field: number, value: (bytes: Uint8Array) => Uint8Array): Buffer {
  const reader = new WireReader(head);
  const writer = new WireWriter(head.length + 16);
  let copied = 0;
  while (!reader.isAtEnd) {
    const { field: found, wireType } = tagOf(reader);
    if (found > field) break;
    if (found !== field || wireType !== wireTypes.bytes) {
      reader.skip(wireType);
      continue;
    }
    const start = reader.position;
    const bytes = reader.bytes();
    writer.raw(head.subarray(copied, start));
    writer.bytes(value(bytes));
    copied = reader.position;
  }
  writer.raw(head.subarray(copied));
  return Buffer.from(writer.written);
}

/** A ModelSpec: the label is dropped and the number, an Int64Value, put in its place. */
function specMessage(spec: Uint8Array, numberOf: NumberOf): Buffer {
  const reader = new WireReader(spec);
  const writer = new WireWriter(spec.length + 16);
  let copied = 0;
  while (!reader.isAtEnd) {
    const start = reader.position;
    const { field, wireType } = tagOf(reader);
    if (field !== specFields.versionLabel || wireType !== wireTypes.bytes) {
      reader.skip(wireType);
      continue;
    }
    const known = numberOf(reader.string());
    if (known === undefined) continue;
    writer.raw(spec.subarray(copied, start));
    copied = reader.position;
    const { number } = known;
    if (number !== undefined) writeNumber(writer, BigInt(number));
  }
  writer.raw(spec.subarray(copied));
  return Buffer.from(writer.written);
}

function writeNumber(writer: WireWriter, number: bigint): void {
  writer.tag(specFields.version, wireTypes.bytes);
  writer.delimited(() => {
    writer.tag(1, wireTypes.varint);
    writer.int64(number);
  });
}
