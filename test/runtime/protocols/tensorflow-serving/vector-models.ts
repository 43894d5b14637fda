import { type Dtype, type Tensor } from "../../../../runtime/dataplane/tensor.ts";
import type { TensorSpec } from "../../../../runtime/dataplane/signature.ts";
import type { ModelRegistry } from "../../../../runtime/model/registry.ts";
import { type Formula, type FormulaModel, formulaRegistry } from "../formula-models.ts";

function anything(name: string, dtype: Dtype): TensorSpec {
  return { name, dtype, shape: [], anyShape: true };
}

function half(addend: number): Formula {
  return {
    signature: { inputs: [anything("x", "float32")], outputs: [anything("y", "float32")] },
    outputs: (inputs) => inputs.map((x) => mapped(x, (value) => value * 0.5 + addend)),
  };
}

function plus(addend: number): Formula {
  return {
    signature: { inputs: [anything("x", "float32")], outputs: [anything("y", "float32")] },
    outputs: (inputs) => inputs.map((x) => mapped(x, (value) => value + addend)),
  };
}

function mapped(tensor: Tensor, change: (value: number) => number): Tensor {
  if (tensor.dtype !== "float32") throw new TypeError(`${tensor.dtype} is not float32`);
  return { ...tensor, data: tensor.data.map(change) };
}

/** Each input comes back under another name. */
function echo(names: readonly (readonly [string, Dtype, string])[], outputs = names.map((_, i) => i)): Formula {
  return {
    signature: {
      inputs: names.map(([input, dtype]) => anything(input, dtype)),
      outputs: outputs.map((i) => anything(names[i]?.[2] ?? "", names[i]?.[1] ?? "float32")),
    },
    outputs: (inputs) => outputs.flatMap((i) => inputs[i] ?? []),
  };
}

const scalarSum: Formula = {
  signature: { inputs: [anything("x", "float32")], outputs: [anything("y", "float32")] },
  outputs: ([x]) => {
    if (x?.dtype !== "float32") throw new TypeError("x must be float32");
    return [{ dtype: "float32", shape: [], data: Float32Array.of(x.data.reduce((sum, value) => sum + value, 0)) }];
  },
};

const named: Formula = {
  signature: {
    inputs: [
      anything("int_tensor", "int32"),
      anything("str_tensor", "string"),
      anything("float_tensor", "float32"),
      anything("dbl_tensor", "float64"),
    ],
    outputs: [
      anything("out_int_tensor", "int32"),
      anything("out_str_tensor", "string"),
      anything("out_float_tensor", "float32"),
      anything("out_dbl_tensor", "float64"),
      anything("str_bytes", "string"),
    ],
  },
  outputs: (inputs) => [...inputs, ...inputs.slice(1, 2)],
};

const identities: readonly (readonly [string, Dtype])[] = [
  ["id_float", "float32"],
  ["id_double", "float64"],
  ["id_half", "float16"],
  ["id_bfloat16", "bfloat16"],
  ["id_int8", "int8"],
  ["id_int32", "int32"],
  ["id_int64", "int64"],
  ["id_uint8", "uint8"],
  ["id_bool", "bool"],
  ["id_string", "string"],
];

const models: readonly FormulaModel[] = [
  { name: "half_plus_two", version: 123, labels: ["stable"], formula: half(2) },
  { name: "half_plus_two", version: 124, formula: half(2) },
  { name: "half_plus_three", version: 123, formula: half(3) },
  ...[1, 2, 3].map((version) => ({ name: "versions", version, formula: plus(version) })),
  {
    name: "two_in",
    version: 1,
    formula: echo([
      ["a", "int32", "out_a"],
      ["b", "string", "out_b"],
    ]),
  },
  { name: "named", version: 1, formula: named },
  { name: "scalar_out", version: 1, formula: scalarSum },
  { name: "bytes_out", version: 1, formula: echo([["x", "string", "y_bytes"]]) },
  ...identities.map(([name, dtype]) => ({ name, version: 1, formula: echo([["x", dtype, "y"]]) })),
];

/** A registry that serves every model of the vectors, all ready. */
export function vectorRegistry(): Promise<ModelRegistry> {
  return formulaRegistry(models);
}
