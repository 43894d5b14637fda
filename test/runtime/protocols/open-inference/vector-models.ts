import type { Dtype, Tensor } from "../../../../runtime/dataplane/tensor.ts";
import type { TensorSpec } from "../../../../runtime/dataplane/signature.ts";
import type { ModelRegistry } from "../../../../runtime/model/registry.ts";
import { type Formula, type FormulaModel, formulaRegistry } from "../formula-models.ts";

function spec(name: string, dtype: Dtype, shape: readonly number[]): TensorSpec {
  return { name, dtype, shape };
}

function int32s(tensor: Tensor | undefined): Int32Array {
  if (tensor?.dtype !== "int32") throw new TypeError(`${tensor?.dtype} is not int32`);
  return tensor.data;
}

const simple: Formula = {
  signature: {
    inputs: [spec("INPUT0", "int32", [-1, 16]), spec("INPUT1", "int32", [-1, 16])],
    outputs: [spec("OUTPUT0", "int32", [-1, 16]), spec("OUTPUT1", "int32", [-1, 16])],
  },
  outputs: ([first, second]) => {
    const [a, b] = [int32s(first), int32s(second)];
    const shape = first?.shape ?? [];
    return [
      { dtype: "int32", shape, data: a.map((value, i) => value + (b[i] ?? 0)) },
      { dtype: "int32", shape, data: a.map((value, i) => value - (b[i] ?? 0)) },
    ];
  },
};

const simpleString: Formula = {
  signature: { inputs: [spec("INPUT0", "string", [-1, 16])], outputs: [spec("OUTPUT0", "string", [-1, 16])] },
  outputs: (inputs) => inputs,
};

const nonfinite: Formula = {
  signature: { inputs: [spec("x", "float32", [-1])], outputs: [spec("y", "float32", [-1])] },
  outputs: ([x]) => {
    if (x?.dtype !== "float32") throw new TypeError("x must be float32");
    return [{ ...x, data: x.data.map((value) => value / 0) }];
  },
};

function identity(dtype: Dtype, shape: readonly number[]): Formula {
  return {
    signature: { inputs: [spec("x", dtype, shape)], outputs: [spec("y", dtype, shape)] },
    outputs: (inputs) => inputs,
  };
}

/** Name of the identity model of each element type. */
export const identityNames: Readonly<Record<Dtype, string>> = {
  float32: "identity_float",
  float64: "identity_double",
  float16: "identity_float16",
  bfloat16: "identity_bfloat16",
  int8: "identity_int8",
  int16: "identity_int16",
  int32: "identity_int32",
  int64: "identity_int64",
  uint8: "identity_uint8",
  uint16: "identity_uint16",
  uint32: "identity_uint32",
  uint64: "identity_uint64",
  bool: "identity_bool",
  string: "identity_string",
  complex64: "identity_complex64",
  complex128: "identity_complex128",
};

const identities = Object.entries(identityNames).map(([dtype, name]) => ({
  name,
  version: 1,
  formula: identity(dtype as Dtype, [-1, -1]), // the keys of `identityNames`
}));

const models: readonly FormulaModel[] = [
  { name: "simple", version: 1, formula: simple },
  { name: "simple_string", version: 1, formula: simpleString },
  { name: "nonfinite", version: 1, formula: nonfinite },
  ...identities,
  { name: "rows", version: 3, formula: identity("float32", [-1, -1, 2]) },
  { name: "one_text", version: 1, formula: identity("string", [-1, 1]) },
  { name: "cube", version: 1, formula: identity("float32", [2, -1, -1]) },
];

/** A registry that serves every model of the vectors, all ready. */
export function vectorRegistry(): Promise<ModelRegistry> {
  return formulaRegistry(models);
}
