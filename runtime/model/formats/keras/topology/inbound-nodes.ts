import { entriesOf, isList, isObject, type Json } from "./json-config.ts";

/** A reference to a layer's output: layer name, number of the call, number of the output. */
export type TensorRef = readonly [name: string, node: number, tensor: number];

/** The inputs of each call of a layer, and why a call is not supported. */
export interface InboundNodes {
  readonly nodes: readonly (readonly TensorRef[])[];
  readonly refusal?: string;
}

/** Parses `inbound_nodes` of Keras 2 (lists) and Keras 3 (args and kwargs). */
export function inboundNodes(value: Json | undefined): InboundNodes {
  const refusals: string[] = [];
  const nodes = (isList(value) ? value : []).map((node) => {
    const refs: TensorRef[] = [];
    if (isObject(node)) {
      collect(node["args"] ?? [], refs, refusals);
      collectNamed(node["kwargs"] ?? {}, refs, refusals, unsupportedFlags);
    } else {
      collect(node, refs, refusals);
    }
    return refs;
  });
  const [refusal] = refusals;
  return { nodes, ...(refusal === undefined ? {} : { refusal }) };
}

/** The references in `input_layers` or `output_layers`: a single one, a list, or a dictionary by name. */
export function namedRefs(value: Json | undefined): readonly { readonly key?: string; readonly ref: TensorRef }[] {
  if (value === undefined || value === null) return [];
  const single = outputRef(value);
  if (single !== undefined) return [{ ref: single }];
  if (isList(value)) return value.flatMap((item) => namedRefs(item));
  if (!isObject(value)) return [];
  return entriesOf(value).flatMap(([key, item]) => namedRefs(item).map(({ ref }) => ({ key, ref })));
}

function collect(value: Json, refs: TensorRef[], refusals: string[]): void {
  const ref = outputRef(value);
  if (ref !== undefined) {
    refs.push(ref);
    if (isList(value)) collectNamed(value[3] ?? {}, refs, refusals, keras2Flags);
    return;
  }
  if (isList(value)) {
    for (const item of value) collect(item, refs, refusals);
  } else if (value !== null) {
    refusals.push("it is called with a constant");
  }
}

/** Collects keyword arguments. Tensors are supported for `tensorArguments` only; `training` and masks are left to the engine. */
function collectNamed(value: Json, refs: TensorRef[], refusals: string[], flags: ReadonlySet<string>): void {
  if (!isObject(value)) return;
  const order = [...tensorArguments];
  const sorted = entriesOf(value).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  for (const [key, argument] of sorted) {
    const inner: TensorRef[] = [];
    const others: string[] = [];
    collect(argument, inner, others);
    if (tensorArguments.has(key)) refs.push(...inner);
    else if (inner.length > 0) refusals.push(`it is called with a tensor as ${key}`);
    else if (flags.has(key) && argument === true) refusals.push(`it is called with ${key}=True`);
  }
}

/** Arguments that may be tensors, in the order that attention layers expect. */
const tensorArguments: ReadonlySet<string> = new Set([
  "initial_state",
  "inputs",
  "query",
  "value",
  "key",
  "attention_mask",
  "masks",
]);

/** Arguments that change what a layer computes and must not be true. */
const unsupportedFlags: ReadonlySet<string> = new Set(["use_causal_mask", "return_attention_scores"]);

/** Keras 3 stores `training=True` for every image layer, and `predict` overrides it; in Keras 2 it holds in `predict`, too. */
const keras2Flags: ReadonlySet<string> = new Set([...unsupportedFlags, "training"]);

/** A reference to the output of a layer, in either notation; `undefined` for anything else. */
export function outputRef(value: Json): TensorRef | undefined {
  return listRef(value) ?? kerasTensor(value);
}

/** Keras 2: `["dense", 0, 0]` or `["dense", 0, 0, {…}]`. */
function listRef(value: Json): TensorRef | undefined {
  if (!isList(value) || value.length < 3 || value.length > 4) return undefined;
  const [name, node, tensor] = value;
  if (typeof name !== "string" || typeof node !== "number" || typeof tensor !== "number") return undefined;
  return [name, node, tensor];
}

/** Keras 3: `{class_name: "__keras_tensor__", config: {keras_history: ["dense", 0, 0]}}`. */
function kerasTensor(value: Json): TensorRef | undefined {
  if (!isObject(value) || value["class_name"] !== "__keras_tensor__") return undefined;
  const config = value["config"] ?? null;
  return isObject(config) ? listRef(config["keras_history"] ?? null) : undefined;
}
