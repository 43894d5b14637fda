import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Fault } from "../../../runtime/base/fault.ts";
import type { LoadedModel } from "../../../runtime/engines/engine.ts";
import type { KerasModel } from "../../../runtime/model/formats/keras/keras-model.ts";
import { modelFolder } from "../../../runtime/model/formats/model-folder.ts";
import { readSavedModel } from "../../../runtime/model/formats/saved-model/saved-model.ts";
import type { TensorFlowGraph } from "../../../runtime/model/formats/tensorflow-graph/tensorflow-graph.ts";
import { readTensorFlowJs } from "../../../runtime/model/formats/tensorflow-js/tensorflow-js-model.ts";
import { difference, separatelyRounded } from "./fixtures.ts";
import { graphFixtures, graphTensors, outputNamed } from "./graph-fixtures.ts";

/** A folder of other fixtures to run on: `FIXTURES=<folder> npx vitest run <test file>`. */
const { FIXTURES } = process.env;

interface GraphSuite {
  readonly load: (definition: KerasModel | TensorFlowGraph) => Promise<LoadedModel>;
  /** Products and sums are rounded one by one. */
  readonly withoutFusedMultiplyAdd?: boolean;
  /** Models that the engine declines, by the beginning of their title, with the reason. */
  readonly leaves?: Readonly<Record<string, string>>;
}

/** The conformance suite of engines that run graphs: every signature of every model must return TensorFlow's outputs. */
export function graphConformance(
  engine: string,
  { load, withoutFusedMultiplyAdd = false, leaves = {} }: GraphSuite,
): void {
  const fixtures = graphFixtures(FIXTURES);
  const largest: string[] = [];
  afterAll(() => {
    if (FIXTURES !== undefined) process.stdout.write(`largest differences of ${engine}\n${largest.join("\n")}\n`);
  });

  describe(`${engine} computes the same as TensorFlow`, () => {
    const isLeft = (title: string): boolean => Object.keys(leaves).some((start) => title.startsWith(start));
    it.each(fixtures.filter(({ title }) => !isLeft(title)))("for $title", async (fixture) => {
      const model = await load(read(fixture.path));
      try {
        const signature = model.signatures.get(fixture.signature) ?? { inputs: [], outputs: [] };
        const outputs = await model.infer(graphTensors(signature, fixture.inputs), fixture.signature);
        const found = [...fixture.outputs].map(([name, want], i) => {
          const got = outputNamed(outputs, signature.outputs, name, i);
          const rounded = withoutFusedMultiplyAdd ? separatelyRounded({ title: fixture.title }, want) : want;
          const { excess, largest } = got === undefined ? missing : difference(got, rounded, fixture.tolerance);
          return { name, shape: got?.shape, excess, largest };
        });
        largest.push(`${fixture.title}: ${Math.max(...found.map(({ largest }) => largest))}`);
        const want = [...fixture.outputs].map(([name, { shape }]) => ({ name, shape, excess: 0 }));
        expect(found.map(({ name, shape, excess }) => ({ name, shape, excess }))).toEqual(want);
      } finally {
        model.unload();
      }
    });

    const left = Object.entries(leaves).flatMap(([start, reason]) =>
      fixtures.filter(({ title }) => title.startsWith(start)).map(({ title, path }) => ({ title, path, reason })),
    );
    if (left.length > 0) {
      it.each(left)("declines $title, for another engine to run", async ({ path, reason }) => {
        const outcome = await load(read(path)).catch((thrown: unknown) => Fault.from(thrown));
        expect(outcome).toMatchObject({ message: reason });
      });
    }
  });
}

/** Reads on this thread; loadModel has its own tests. */
function read(path: string): KerasModel | TensorFlowGraph {
  const folder = modelFolder(path);
  try {
    const limits = { folder, maxWeightBytes: 2 ** 30 };
    return existsSync(join(path, "saved_model.pb")) ? readSavedModel(limits) : readTensorFlowJs(limits);
  } finally {
    folder.close();
  }
}

const missing = { excess: Number.POSITIVE_INFINITY, largest: Number.POSITIVE_INFINITY };
