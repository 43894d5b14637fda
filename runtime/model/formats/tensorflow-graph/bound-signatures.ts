import type { Signature, TensorSpec } from "../../../dataplane/signature.ts";
import { shapeOf } from "./source/attributes.ts";
import { elementType, elementTypeName } from "./source/element-types.ts";
import { reference } from "./inlining/scope.ts";
import { GraphError } from "./source/source-graph.ts";
import type { SignatureDef, TensorInfo } from "./source/signature-proto.ts";

/** A signature and the places in the graph that its tensors have, in the same order. */
export interface PlacedSignature {
  readonly name: string;
  readonly signature: Signature;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const methods: ReadonlyMap<string, "classify" | "regress"> = new Map([
  ["tensorflow/serving/classify", "classify"],
  ["tensorflow/serving/regress", "regress"],
]);

/** The signatures that can be called, the default one first. Throws a GraphError. */
export function placedSignatures(definitions: ReadonlyMap<string, SignatureDef>): readonly PlacedSignature[] {
  const placed = [...definitions]
    .filter(([name, { outputs }]) => !name.startsWith("__saved_model_") && outputs.size > 0)
    .map(([name, definition]) => placedSignature(name, definition));
  const rank = ({ name }: PlacedSignature): string => (name === "serving_default" ? "" : name);
  return placed.sort((a, b) => inOrder(rank(a), rank(b)));
}

/** Maps have no order in a file: inputs go by name, outputs as the graph returns them. */
function placedSignature(name: string, { inputs, outputs, methodName }: SignatureDef): PlacedSignature {
  const given = [...inputs].sort(([a], [b]) => inOrder(a, b));
  const returned = [...outputs].sort(([a, one], [b, other]) => inOrder(one.name, other.name) || inOrder(a, b));
  const method = methods.get(methodName);
  return {
    name,
    signature: {
      inputs: given.map(([input, info]) => spec(name, input, info)),
      outputs: returned.map(([output, info]) => spec(name, output, info)),
      ...(method === undefined ? {} : { method }),
    },
    inputs: given.map(([, info]) => place(info)),
    outputs: returned.map(([, info]) => place(info)),
  };
}

function spec(
  signature: string,
  name: string,
  { dtype: number, tensorShape, cooSparse, compositeTensor }: TensorInfo,
): TensorSpec {
  const where = `"${name}" of signature "${signature}"`;
  if (cooSparse !== undefined || compositeTensor !== undefined) throw new GraphError(`${where} is not a dense tensor`);
  const dtype = elementType(number);
  if (dtype === undefined) throw new GraphError(`${where} is of type ${elementTypeName(number)}`);
  const shape = tensorShape === undefined ? [] : shapeOf(tensorShape);
  return shape === undefined ? { name, dtype, shape: [], anyShape: true } : { name, dtype, shape };
}

function place({ name }: TensorInfo): string {
  const { node, output } = reference(name);
  return `${node}:${output}`;
}

const collator = new Intl.Collator("en", { numeric: true });

function inOrder(a: string, b: string): number {
  return collator.compare(a, b);
}
