import { defaultSignature } from "../../runtime/dataplane/signature.ts";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Fault } from "../../runtime/base/fault.ts";
import { loadModel } from "../../runtime/model/formats/load-model.ts";
import {
  difference,
  type Fixture,
  layerFixtures,
  modelFixtures,
  separatelyRounded,
  tensorsFor,
} from "../conformance/engine/fixtures.ts";
import { fixtureFolder } from "../fixtures/archive.ts";

// Prints the largest difference from Keras's outputs for every Keras fixture, and why the others are refused.

async function row(fixture: Fixture): Promise<string> {
  const { title, path, inputs, outputs, tolerance } = fixture;
  const { model } = await loadModel(path);
  const start = performance.now();
  const answers = await model.infer(
    tensorsFor(model.signatures.get(defaultSignature) ?? { inputs: [], outputs: [] }, inputs),
    defaultSignature,
  );
  const inferMs = performance.now() - start;
  const gaps = outputs.map((want, i) => {
    const got = answers[i];
    return got === undefined
      ? Number.POSITIVE_INFINITY
      : difference(got, separatelyRounded(fixture, want), tolerance).largest;
  });
  model.unload();
  return `${title.padEnd(48)} ${Math.max(...gaps)
    .toExponential(1)
    .padStart(9)}  ${inferMs.toFixed(1)} ms`;
}

async function refusal(path: string): Promise<string> {
  return loadModel(path).then(
    () => "it loads",
    (thrown: unknown) => Fault.from(thrown).sentence,
  );
}

const layers = layerFixtures();
const subclassed = join(fixtureFolder("keras-models"), "simple_model/subclassed");
const { files } = JSON.parse(readFileSync(join(subclassed, "expected.json"), "utf8")) as {
  readonly files: readonly { readonly path: string }[];
}; // see fixtures/pack.ts

console.log("largest |difference| to Keras, first call");
for (const fixture of [...modelFixtures(), ...layers.served]) console.log(await row(fixture));
console.log("\nrefused");
for (const { title, path } of layers.refused) console.log(`${title}: ${await refusal(path)}`);
for (const { path } of files) console.log(`${basename(subclassed)}/${path}: ${await refusal(join(subclassed, path))}`);
