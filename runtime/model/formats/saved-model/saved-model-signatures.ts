import { placedSignatures } from "../tensorflow-graph/bound-signatures.ts";
import { graphFaults } from "../tensorflow-graph/faults.ts";
import { protoGraph } from "../tensorflow-graph/source/proto-graph.ts";
import { GraphError } from "../tensorflow-graph/source/source-graph.ts";
import { tensorBundle } from "./bundle/tensor-bundle.ts";
import { reachedOperations } from "./reachable-operations.ts";
import { type SavedModelFolder, graphFault, lenient, servingMetaGraph } from "./saved-model.ts";
import type { SavedModelOnDisk } from "./saved-model-on-disk.ts";
import type { MetaGraph } from "./saved-model-proto.ts";
import { unfilledVariable } from "./uninitialised-variable.ts";

/** For constants that are looked at here: none is. */
const noExpansion = 0;

/** Reads what can be called in a SavedModel and which operations that comes to; TensorFlow reads the rest itself. Throws a Fault. */
export function readSavedModelCalls(model: SavedModelFolder & { readonly path: string }): SavedModelOnDisk {
  try {
    const meta = servingMetaGraph(model);
    if (meta.graphDef === undefined) throw new GraphError("it is missing");
    const placed = placedSignatures(meta.signatureDef);
    if (placed.length === 0) throw graphFaults.GraphSignatureMissing({ model: model.folder.name });
    const graph = protoGraph(meta.graphDef, [], { leftBytes: noExpansion });
    const outputs = placed.flatMap((call) => call.outputs);
    const start = startingNodes(meta);
    const unfilled = unfilledVariable(graph, outputs, start);
    return {
      kind: "saved-model",
      format: "saved-model",
      path: model.path,
      calls: new Map(placed.map(({ name, signature, ...call }) => [name, { ...call, signature: lenient(signature) }])),
      operations: reachedOperations(graph, [...outputs, ...start], meta.saverDef?.filenameTensorName),
      weightBytes: variableBytes(model),
      ...(unfilled === undefined ? {} : { unfilledVariable: unfilled }),
    };
  } catch (thrown) {
    throw graphFault(model.folder.name, thrown);
  }
}

/** What TensorFlow runs while it loads a model: the restore, and initialisers under the names of both of its generations. */
function startingNodes({ saverDef, signatureDef, collectionDef }: MetaGraph): readonly string[] {
  const initialisers = [...signatureDef]
    .filter(([name]) => name.startsWith("__saved_model_"))
    .flatMap(([, { outputs }]) => [...outputs.values()].map(({ name }) => name));
  const collected = ["saved_model_main_op", "legacy_init_op"].flatMap(
    (name) => collectionDef.get(name)?.nodeList?.value ?? [],
  );
  const restore = saverDef?.restoreOpName ?? "";
  return [...(restore === "" ? [] : [restore]), ...initialisers, ...collected];
}

/** A model may do without variables. */
function variableBytes({ folder }: SavedModelFolder): number {
  try {
    const bundle = tensorBundle(folder, "variables/variables");
    return bundle.keys.reduce((sum, key) => sum + bundle.sizeBytes(key), 0);
  } catch {
    return 0;
  }
}
