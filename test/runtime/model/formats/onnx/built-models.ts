import { ModelProto, type NodeProto } from "../../../../../runtime/model/formats/onnx/onnx-proto.ts";

type Draft = Parameters<typeof ModelProto.encode>[0];
export type GraphDraft = NonNullable<Draft["graph"]>;
export type NodeDraft = NonNullable<GraphDraft["node"]>[number];
type InfoDraft = NonNullable<GraphDraft["input"]>[number];

/** A value of a graph's signature: a number of dimensions without names, or none. */
export function info(name: string, elemType: number, shape?: readonly number[]): InfoDraft {
  const dim = shape?.map((size) => (size < 0 ? {} : { dimValue: size }));
  return { name, type: { tensorType: { elemType, ...(dim === undefined ? {} : { shape: { dim } }) } } };
}

export function node(opType: NodeProto["opType"], input: readonly string[], output: readonly string[]): NodeDraft {
  return { opType, input, output };
}

/** A scalar or a list of int64. */
export function integers(
  name: string,
  values: readonly number[],
  dims: readonly number[],
): NonNullable<GraphDraft["initializer"]>[number] {
  const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { name, dims, dataType: 7, rawData };
}

/** A model from x to y, both float32 [n], with these nodes. */
export function modelOf(graph: GraphDraft, functions: Draft["functions"] = []): Buffer {
  const values = { input: [info("x", 1, [-1])], output: [info("y", 1, [-1])] };
  return Buffer.from(
    ModelProto.encode({
      irVersion: 8,
      opsetImport: [{ version: 17 }],
      functions,
      graph: { name: "test", ...values, ...graph },
    }),
  );
}

/** A Loop from x to y with this body and a true initial condition. */
export function loopModel(trips: GraphDraft, tripsName: string, condition: readonly NodeDraft[]): Buffer {
  const body: GraphDraft = {
    name: "body",
    node: [...condition, node("Identity", ["v"], ["v2"])],
    input: [info("i", 7, []), info("c", 9, []), info("v", 1)],
    output: [info("c2", 9, []), info("v2", 1)],
  };
  const go = { name: "go", dims: [], dataType: 9, rawData: Uint8Array.of(1) };
  const loop: NodeDraft = {
    opType: "Loop",
    input: [tripsName, "go", "x"],
    output: ["y"],
    attribute: [{ name: "body", g: body, type: 5 }],
  };
  return modelOf({ ...trips, node: [...(trips.node ?? []), loop], initializer: [...(trips.initializer ?? []), go] });
}

/** A Loop of ten iterations whose body is the loop of another model. */
export function nestedLoops(inner: Uint8Array): Buffer {
  const [loop] = ModelProto.decode(inner).graph?.node ?? [];
  const go = { name: "go", dims: [], dataType: 9, rawData: Uint8Array.of(1) };
  const body: GraphDraft = {
    name: "outer",
    node: [node("Identity", ["oc"], ["oc2"]), { ...loop, input: ["", "go", "ov"], output: ["ov2"] }],
    input: [info("oi", 7, []), info("oc", 9, []), info("ov", 1)],
    output: [info("oc2", 9, []), info("ov2", 1)],
  };
  const attribute = [{ name: "body", g: body, type: 5 }];
  const outer: NodeDraft = { opType: "Loop", input: ["ten", "go", "x"], output: ["y"], attribute };
  return modelOf({ node: [outer], initializer: [integers("ten", [10], []), go] });
}
