import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelFolder } from "../../../../../runtime/model/formats/model-folder.ts";
import { readSavedModelSignatures } from "../../../../../runtime/model/formats/saved-model/saved-model-signatures.ts";
import { uninitialisedVariable } from "../../../../../runtime/model/formats/saved-model/uninitialised-variable.ts";
import { graphFixtures } from "../../../../conformance/engine/graph-fixtures.ts";
import { smallSource } from "../tensorflow-graph/small-source.ts";

const folders = new Set(graphFixtures().map(({ path }) => path));
const savedModels = [...folders].filter((path) => existsSync(join(path, "saved_model.pb")));

function unfilledIn(path: string): string | undefined {
  const folder = modelFolder(path);
  try {
    return readSavedModelSignatures({ folder, path, maxWeightBytes: 2 ** 30 }).uninitialisedVariable;
  } finally {
    folder.close();
  }
}

describe("a variable that TensorFlow's loader does not initialise", () => {
  it("is found in each Keras 3 model written by tf.saved_model.save, with or without loops, and in no other", () => {
    const byTensorFlow = (path: string): boolean => basename(path).startsWith("saved_model_tf");
    expect(savedModels.filter((path) => unfilledIn(path) !== undefined)).toEqual(savedModels.filter(byTensorFlow));
    expect(savedModels.filter(byTensorFlow).length).toBeGreaterThan(6);
  });

  it("is read by a call and reached neither by the restore operation nor by an initialiser", () => {
    const graph = smallSource({
      kernel: ["VarHandleOp"],
      table: ["VarHandleOp"],
      step: ["VariableV2"],
      unused: ["VarHandleOp"],
      lost: ["VarHandleOp", [], { attributes: { shared_name: "dense/kernel" } }],
      restore: ["StatefulPartitionedCall", ["kernel"]],
      assign: ["Assign", ["step", "restore"]],
      initialise: ["NoOp", ["^assign", "^fill"]],
      fill: ["AssignVariableOp", ["table", "restore"]],
      good: ["StatefulPartitionedCall", ["kernel", "table", "step"]],
      bad: ["StatefulPartitionedCall", ["kernel", "lost"]],
    });
    expect(uninitialisedVariable(graph, ["good:0"], ["initialise"])).toBeUndefined();
    expect(uninitialisedVariable(graph, ["good:0", "bad:0"], ["initialise"])).toBe("dense/kernel");
  });
});
