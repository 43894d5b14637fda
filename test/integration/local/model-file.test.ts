import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { checkedManifests } from "../../../operator/cli/manifests/manifests.ts";
import { labels } from "../../../operator/model-deployment/resources/labels.ts";
import { environment } from "../../../runtime/contract/environment.ts";
import { inPlaceFiles } from "../../../runtime/contract/in-place.ts";
import { podsOf } from "./client/observed.ts";
import { startLocalMode } from "./local-mode.ts";
import { distance, fixture, predict, predictions, versions } from "./client/predict.ts";
import { descendants } from "./processes.ts";

vi.setConfig({ testTimeout: 120_000 });

const first = fixture("simple_model/v1");
const second = fixture("simple_model/v2");
/** Largest allowed difference from Keras's predictions. */
const tolerance = 1e-5;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "modelwright-model-file-"));
  copyFileSync(join(first.folder, "model.h5"), join(folder, "digits_2024.h5"));
  copyFileSync(join(second.folder, "model.keras"), join(folder, "My digits (new).keras"));
  mkdirSync(join(folder, "classifier"));
  copyFileSync(join(second.folder, "k2.h5"), join(folder, "classifier", "model.h5"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.for([
  { what: "an .h5 file", path: "digits_2024.h5", object: "digits-2024", model: "digits_2024", want: first },
  {
    what: "a .keras file",
    path: "My digits (new).keras",
    object: "my-digits-new",
    model: "My_digits_new",
    want: second,
  },
  { what: "a folder with a model", path: "classifier", object: "classifier", model: "classifier", want: second },
])("start with $what prints its manifest and serves it under its name", async ({ path, object, model, want }) => {
  const local = await startLocalMode([join(folder, path)]);
  try {
    await local.line(new RegExp(`^default/${object} {2}Ready `));
    await local.line(new RegExp(`^signature {3}curl -s ${local.restUrl}/v1/models/${model}/metadata$`));
    const text = local.lines.slice(local.lines.indexOf(""), local.lines.lastIndexOf("")).join("\n");
    expect(checkedManifests([{ path: "printed", text }])).toMatchObject([
      {
        name: `ModelDeployment default/${object}`,
        complaints: [],
        manifest: {
          object: {
            spec: {
              model: {
                name: model,
                source: { persistentVolumeClaim: { claimName: `${object}-files`, path } },
              },
              replicas: 1,
            },
          },
        },
      },
    ]);
    const answered = predictions(await predict(local.restUrl, model, want.instances));
    expect(distance(answered, want.probabilities)).toBeLessThanOrEqual(tolerance);
    expect(await versions(local.restUrl, model)).toEqual(["1"]);
  } finally {
    await local.stop();
  }
});

test("the process of a model file reads its pod's revision from a file, as an in-place update changes it", async () => {
  const local = await startLocalMode([join(folder, "digits_2024.h5")]);
  try {
    await local.line(/^default\/digits-2024 {2}Ready /);
    const [pod] = await podsOf(local, "digits-2024");
    const serving = descendants(local.pid).filter(({ command }) => command.includes("runtime/main.ts serve"));
    expect(serving).toHaveLength(1);
    const variables = readFileSync(`/proc/${serving[0]?.pid}/environ`, "utf8").split("\0");
    const start = `${environment.inPlaceFolder}=`;
    const inPlaceFolder = variables.find((variable) => variable.startsWith(start))?.slice(start.length) ?? "";
    const revision = pod?.metadata.labels?.[labels.revision] ?? "";
    expect(variables).toContain(`${environment.revision}=${revision}`);
    expect(readFileSync(join(inPlaceFolder, inPlaceFiles.revision), "utf8")).toBe(revision);
    expect(readFileSync(join(inPlaceFolder, inPlaceFiles.models), "utf8")).toBe("");
  } finally {
    await local.stop();
  }
});

test("start with a model that cannot be loaded says why and keeps running", async () => {
  const path = join(folder, "poem.h5");
  writeFileSync(path, "roses are red");
  const local = await startLocalMode([path]);
  try {
    expect(await local.line(/exited with code/)).toMatch(
      /^default\/poem {2}\w+: container runtime of pod poem-\w+-\w+ exited with code 65: poem\.h5 /,
    );
  } finally {
    await local.stop();
  }
});
