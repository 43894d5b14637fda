import { Fault } from "../../../base/fault.ts";
import type { Signature, TensorSpec } from "../../../dataplane/signature.ts";
import { ProtobufError } from "../../../base/protobuf/wire-reader.ts";
import { formatFaults } from "../faults.ts";
import { FolderError, type ModelFolder } from "../model-folder.ts";
import { type CollectedConstants, collectedConstants } from "../tensorflow-graph/constant-pool.ts";
import { graphFaults } from "../tensorflow-graph/faults.ts";
import { inlinedBody, type Inlining } from "../tensorflow-graph/inlining/inlined-graph.ts";
import { protoGraph } from "../tensorflow-graph/source/proto-graph.ts";
import { GraphError, type SourceGraph } from "../tensorflow-graph/source/source-graph.ts";
import type { TensorFlowGraph } from "../tensorflow-graph/tensorflow-graph.ts";
import { BundleError } from "./bundle/bundle-error.ts";
import { type TensorBundle, tensorBundle } from "./bundle/tensor-bundle.ts";
import { type MetaGraph, metaGraphProto, metaGraphTags, savedModelProto } from "./saved-model-proto.ts";
import { placedSignatures } from "../tensorflow-graph/bound-signatures.ts";
import { reachedOperations } from "./reachable-operations.ts";
import { variableKeys } from "./variable-keys.ts";

/** A folder with a saved_model.pb and what reading it may cost. */
export interface SavedModelFolder {
  readonly folder: ModelFolder;
  readonly maxWeightBytes: number;
}

const graphFile = "saved_model.pb";
/** Protobuf's own limit. */
const maxGraphBytes = 2 ** 31 - 1;
/** For constants that a file spells out shorter than they are, such as a million zeros. */
const maxExpansionBytes = 64 * 1024 ** 2;

/** Reads a SavedModel: the graph that serves, its variables, all its signatures. Throws a Fault. */
export function readSavedModel(model: SavedModelFolder): TensorFlowGraph {
  const { folder } = model;
  try {
    return servingGraph(model, servingMetaGraph(model));
  } catch (thrown) {
    throw graphFault(folder.name, thrown);
  }
}

/** The graph with the one tag `serve`. Throws `GraphNotServing` or what the file system says. */
export function servingMetaGraph({ folder, maxWeightBytes }: SavedModelFolder): MetaGraph {
  const bytes = folder.bytes(graphFile, Math.min(maxGraphBytes, maxWeightBytes));
  const { metaGraphs } = savedModelProto.decode(bytes);
  const tags = metaGraphs.map((encoded) => metaGraphTags.decode(encoded).metaInfoDef?.tags ?? []);
  const served = metaGraphs[tags.findIndex((list) => list.length === 1 && list[0] === "serve")];
  if (served === undefined) throw graphFaults.GraphNotServing({ model: folder.name, tags: [...new Set(tags.flat())] });
  return metaGraphProto.decode(served);
}

function servingGraph({ folder, maxWeightBytes }: SavedModelFolder, meta: MetaGraph): TensorFlowGraph {
  if (meta.graphDef === undefined) throw new GraphError("it is missing");
  const placed = placedSignatures(meta.signatureDef);
  if (placed.length === 0) throw graphFaults.GraphSignatureMissing({ model: folder.name });
  const operations = meta.metaInfoDef?.strippedOpList?.op ?? [];
  const graph = protoGraph(meta.graphDef, operations, { leftBytes: maxExpansionBytes });
  checkStateless(
    folder.name,
    graph,
    placed.flatMap(({ outputs }) => outputs),
  );
  const collected = collectedConstants();
  const variableAt = variables({ folder, maxWeightBytes }, graph, meta, collected);
  const inlining: Inlining = { source: { graph, constantAt: (node) => collected.ofNode(node), variableAt }, steps: 0 };
  const signatures = placed.map(({ name, signature, inputs, outputs }) => ({
    name,
    signature: lenient(signature),
    body: inlinedBody(inlining, inputs, outputs),
  }));
  const { constants, weightBytes } = collected;
  return { kind: "tensorflow-graph", format: "saved-model", signatures, constants, weightBytes };
}

/** Only the engines that take the whole graph change variables: left out, changes would be lost without a word. */
function checkStateless(model: string, graph: SourceGraph, outputs: readonly string[]): void {
  const operations = reachedOperations(graph, outputs, undefined).filter((name) =>
    /^Assign(?:Add|Sub)?(?:VariableOp)?$/.test(name),
  );
  if (operations.length > 0) throw graphFaults.GraphKeepsState({ model, operations });
}

/** TensorFlow Serving leaves it to the graph which shapes it can compute with: `half_plus_two` takes lists and matrices. */
export function lenient(signature: Signature): Signature {
  const tried = (input: TensorSpec): TensorSpec => (input.shape[0] === -1 ? { ...input, isLenient: true } : input);
  return { ...signature, inputs: signature.inputs.map(tried) };
}

/** Reads variables as they are reached: what only training needs is never read. */
function variables(
  { folder, maxWeightBytes }: SavedModelFolder,
  graph: SourceGraph,
  meta: MetaGraph,
  collected: CollectedConstants,
): (node: string) => number {
  let bundle: TensorBundle | undefined;
  let keyOf: ((node: string) => string) | undefined;
  let sizeBytes = 0;
  return (node) => {
    bundle ??= tensorBundle(folder, "variables/variables");
    keyOf ??= variableKeys(graph, bundle, meta.saverDef?.restoreOpName);
    const opened = bundle;
    const key = keyOf(node);
    return collected.named(key, () => {
      sizeBytes += opened.sizeBytes(key);
      if (!(sizeBytes <= maxWeightBytes)) {
        throw formatFaults.ModelTooLarge({
          what: `the weights of ${folder.name}`,
          sizeBytes,
          limitBytes: maxWeightBytes,
        });
      }
      return opened.tensor(key);
    });
  };
}

/** What was thrown while a SavedModel was read, as a Fault that names it. */
export function graphFault(model: string, thrown: unknown): Fault {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof ProtobufError)
    return graphFaults.GraphFileDamaged({ file: `${model}/${graphFile}`, reason }, thrown);
  if (thrown instanceof BundleError) return graphFaults.GraphVariablesDamaged({ model, reason }, thrown);
  if (thrown instanceof FolderError) return graphFaults.GraphFileDamaged({ file: model, reason }, thrown);
  if (thrown instanceof GraphError) return graphFaults.GraphInvalid({ model, reason }, thrown);
  return Fault.from(thrown);
}
