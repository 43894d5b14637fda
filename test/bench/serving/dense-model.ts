import { ModelProto } from "../../../runtime/model/formats/onnx/onnx-proto.ts";

const wide = 4096;

/**
 * An ONNX model of wide dense layers with the small model's input, which takes some milliseconds per row: each call reads the whole
 * second layer from memory.
 */
export function denseModel(input: string, columns: number): Uint8Array {
  const value = (name: string, columns: number) => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: [{}, { dimValue: columns }] } } },
  });
  const weights = (name: string, rows: number, columns: number) => ({
    name,
    dims: [rows, columns],
    dataType: 1,
    rawData: new Uint8Array(Float32Array.from({ length: rows * columns }, (_, i) => ((i % 7) - 2.5) / rows).buffer),
  });
  return ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ version: 17 }],
    graph: {
      name: "dense",
      input: [value(input, columns)],
      output: [value("y", 10)],
      initializer: [weights("a", columns, wide), weights("b", wide, wide), weights("c", wide, 10)],
      node: [
        { opType: "MatMul", input: [input, "a"], output: ["h"] },
        { opType: "MatMul", input: ["h", "b"], output: ["i"] },
        { opType: "MatMul", input: ["i", "c"], output: ["y"] },
      ],
    },
  });
}
