import { WireReader, wireTypes } from "../../../base/protobuf/wire-reader.ts";
import { WireWriter } from "../../../base/protobuf/wire-writer.ts";

/** Numbers of fields in onnx.proto. */
const fields = { modelGraph: 7, graphInitializer: 5, tensorName: 8 } as const;

/**
 * The model without these initializers, so that the inputs of their names are ordinary ones: ONNX Runtime's binding for Node
 * passes over values for inputs that have an initializer. All other bytes stay as they are.
 */
export function withoutInitializers(bytes: Uint8Array, names: ReadonlySet<string>): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter(bytes.length);
  copyFields(new WireReader(bytes), writer, (number, graph) => {
    if (number !== fields.modelGraph) return false;
    writer.tag(number, wireTypes.bytes);
    writer.delimited(() => {
      copyFields(new WireReader(graph), writer, (inner, tensor) => {
        return inner === fields.graphInitializer && names.has(tensorName(tensor));
      });
    });
    return true;
  });
  return Uint8Array.from(writer.written);
}

/** Copies every field but the length-delimited ones that `replaces` takes care of. */
function copyFields(
  reader: WireReader,
  writer: WireWriter,
  replaces: (number: number, value: Uint8Array) => boolean,
): void {
  while (!reader.isAtEnd) {
    const tag = reader.uint32();
    if ((tag & 7) !== wireTypes.bytes) {
      writer.uint32(tag);
      copyNumber(reader, writer, tag & 7);
      continue;
    }
    const value = reader.bytes();
    if (replaces(tag >>> 3, value)) continue;
    writer.uint32(tag);
    writer.bytes(value);
  }
}

function copyNumber(reader: WireReader, writer: WireWriter, wireType: number): void {
  if (wireType === wireTypes.varint) writer.int64(reader.int64());
  else if (wireType === wireTypes.fixed32) writer.fixed32(reader.fixed32());
  else if (wireType === wireTypes.fixed64) writer.double(reader.double());
  else reader.skip(wireType); // throws: there are no others
}

function tensorName(tensor: Uint8Array): string {
  const reader = new WireReader(tensor);
  let name = "";
  while (!reader.isAtEnd) {
    const tag = reader.uint32();
    if (tag >>> 3 === fields.tensorName) name = reader.string();
    else reader.skip(tag & 7);
  }
  return name;
}
