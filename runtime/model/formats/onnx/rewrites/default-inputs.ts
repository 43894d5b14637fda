import { WireReader } from "../../../../base/protobuf/wire-reader.ts";
import { copyFields, withGraph } from "./wire-copy.ts";

/** Field numbers of onnx.proto. */
const fields = { graphInitializer: 5, tensorName: 8 } as const;

/**
 * Removes initializers from a model, so that the inputs of these names become required: ONNX Runtime's binding for Node ignores
 * values for inputs that have an initializer. All other bytes are unchanged.
 */
export function withoutInitializers(bytes: Uint8Array, names: ReadonlySet<string>): Uint8Array<ArrayBuffer> {
  return withGraph(bytes, (graph, writer) => {
    copyFields(new WireReader(graph), writer, (number, tensor) => {
      return number === fields.graphInitializer && names.has(tensorName(tensor));
    });
  });
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
