import { mapOf, message, nested, repeated } from "../../../../base/protobuf/message.ts";
import { elementCount, type Tensor } from "../../../../dataplane/tensor.ts";
import { ProtobufError } from "../../../../base/protobuf/wire-reader.ts";
import { tensorFlowJsFaults as faults } from "../../faults.ts";
import { uploaded } from "../../tensors.ts";
import { type Call, type Operation, type Operations, stringsAt } from "../operation-call.ts";
import { isTensor, type Value } from "../value.ts";

/** tensorflow/core/example/{example,feature}.proto. */
const feature = message("tensorflow.Feature", {
  bytesList: nested(1, () => message("tensorflow.BytesList", { value: repeated(1, "bytes") })),
  floatList: nested(2, () => message("tensorflow.FloatList", { value: repeated(1, "float") })),
  int64List: nested(3, () => message("tensorflow.Int64List", { value: repeated(1, "int64") })),
});
const example = message("tensorflow.Example", {
  features: nested(1, () => message("tensorflow.Features", { feature: mapOf(1, () => feature) })),
});
type Example = ReturnType<(typeof example)["decode"]>;
type Feature = ReturnType<(typeof feature)["decode"]>;

/** A dense feature that the graph parses. */
interface DenseFeature {
  readonly key: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Default for examples without the feature; the feature is required if it is empty. */
  readonly defaultValue: Value | undefined;
}

const parseExamples: Operation = (call) => {
  const { shape, data } = stringsAt(call, 0);
  const parsed = data.map(readExample);
  return denseFeatures(call).map((wanted) => denseValue(call, wanted, parsed, shape));
};

function readExample(bytes: Uint8Array, row: number): Example {
  try {
    return example.decode(bytes);
  } catch (thrown) {
    if (!(thrown instanceof ProtobufError)) throw thrown;
    const place = thrown.path === "" ? `example ${row}` : `${thrown.path} of example ${row}`;
    throw faults.ValuesRefused({ reason: `${place} is no part of a tensorflow.Example: ${thrown.message}` }, thrown);
  }
}

/** Parsing of serialized `tf.Example`s, the first step of classify and regress signatures. */
export const parseExample: Operations = { ParseExample: parseExamples, ParseExampleV2: parseExamples };

/** Why a node is not supported, judged by its attributes: sparse and ragged features are not. */
export function unsupportedFeatures(attributes: Call["attributes"]): string | undefined {
  const sparse = Number(attributes.get("num_sparse") ?? attributes.get("Nsparse") ?? 0);
  const ragged = attributes.get("ragged_value_types");
  const hasRagged = Array.isArray(ragged) && ragged.length > 0;
  return sparse > 0 || hasRagged ? "with features of varying length" : undefined;
}

/** ParseExample has one input per key, ParseExampleV2 one list of keys. */
function denseFeatures(call: Call): readonly DenseFeature[] {
  const { attributes, inputs, op } = call;
  const types = attributes.get("Tdense");
  const dtypes = Array.isArray(types) ? types.map(String) : [];
  const shapes = attributes.get("dense_shapes");
  const isFirst = op === "ParseExample";
  const keys = isFirst ? dtypes.flatMap((_, i) => stringsAt(call, 2 + i).data) : [...stringsAt(call, 3).data];
  const defaults = inputs.slice(isFirst ? 2 + dtypes.length : 5);
  return dtypes.map((dtype, i) => {
    const shape: unknown = Array.isArray(shapes) ? shapes[i] : undefined;
    return {
      key: Buffer.from(keys[i] ?? []).toString("utf8"),
      dtype,
      shape: Array.isArray(shape) ? shape.map(Number) : [],
      defaultValue: defaults[i],
    };
  });
}

function denseValue(call: Call, wanted: DenseFeature, parsed: readonly Example[], batch: readonly number[]): Value {
  const count = elementCount(wanted.shape);
  if (!(count >= 0)) throw new RangeError(`feature "${wanted.key}" has no fixed shape`);
  const rows = parsed.map((one, row) => {
    const found = one.features?.feature.get(wanted.key);
    const values = found === undefined ? defaultValues(wanted) : valuesOf(found, wanted);
    if (values === undefined)
      throw faults.ValuesRefused({ reason: `feature "${wanted.key}" is required; example ${row} does not have it` });
    if (values.length !== count) {
      const place = `feature "${wanted.key}" of example ${row}`;
      throw faults.ValuesRefused({ reason: `${place} has ${values.length} values; must have ${count}` });
    }
    return values;
  });
  const shape = [...batch, ...wanted.shape];
  const flat = rows.flat();
  if (wanted.dtype === "string")
    return { kind: "strings", shape, data: flat.filter((value) => value instanceof Uint8Array) };
  return uploaded(call.tf, numeric(wanted.dtype, shape, flat));
}

type Element = number | bigint | Uint8Array;

function numeric(dtype: string, shape: readonly number[], values: readonly Element[]): Tensor {
  if (dtype === "int64") return { dtype, shape, data: BigInt64Array.from(values, (value) => BigInt(Number(value))) };
  return { dtype: "float32", shape, data: Float32Array.from(values, Number) };
}

/** The values of a feature, checked for their type. */
function valuesOf({ bytesList, floatList, int64List }: Feature, { key, dtype }: DenseFeature): readonly Element[] {
  const list = { float32: floatList, int64: int64List, string: bytesList }[dtype];
  if (list !== undefined) return list.value;
  if (bytesList === undefined && floatList === undefined && int64List === undefined) return [];
  throw faults.ValuesRefused({ reason: `feature "${key}" is not of type ${dtype}` });
}

function defaultValues({ defaultValue }: DenseFeature): readonly Element[] | undefined {
  if (defaultValue === undefined) return undefined;
  if (isTensor(defaultValue)) return nonEmpty(Array.from(defaultValue.dataSync()));
  return defaultValue.kind === "list" ? undefined : nonEmpty(defaultValue.data);
}

function nonEmpty(values: readonly Element[]): readonly Element[] | undefined {
  return values.length === 0 ? undefined : values;
}
