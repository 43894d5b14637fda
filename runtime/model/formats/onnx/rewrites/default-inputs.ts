import { WireReader } from "../../../../base/protobuf/wire-reader.ts";
import { WireWriter } from "../../../../base/protobuf/wire-writer.ts";
import { copyFields, writeMessage } from "./wire-copy.ts";

/** Field numbers of onnx.proto. */
const fields = { modelGraph: 7, graphInitializer: 5, tensorName: 8 } as const;

/**
 * Removes initializers from a model, so that the inputs of these names become required: ONNX Runtime's binding for Node ignores
 * values for inputs that have an initializer. All other bytes are unchanged.
 */
export function withoutInitializers(bytes: Uint8Array, names: ReadonlySet<string>): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter(bytes.length);
  copyFields(new WireReader(bytes), writer, (number, graph) => {
    if (number !== fields.modelGraph) return false;
    return writeMessage(writer, number, () => {
      copyFields(new WireReader(graph), writer, (inner, tensor) => {
        return inner === fields.graphInitializer && names.has(tensorName(tensor));
      });
    });
  });
  return Uint8Array.from(writer.written);
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
