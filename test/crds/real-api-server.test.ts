import { readFile } from "node:fs/promises";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { validatedStatus } from "../../crds/schema/structural/custom-resource.ts";
import { defaulted } from "../../crds/schema/structural/defaulted.ts";
import { issueText } from "../../crds/schema/structural/issue.ts";
import { prunedResource } from "../../crds/schema/structural/prune.ts";
import { isJsonObject, type JsonObject } from "../../crds/schema/structural/structural-schema.ts";
import { readYaml } from "../../crds/schema/yaml.ts";
import { modelDeploymentSchema } from "../../crds/v1alpha1/definition.ts";
import {
  admittedModelDeployment,
  modelDeploymentRules,
  servedModelDeployment,
} from "../../crds/v1alpha1/validation.ts";
import { startTimeoutMs, whyNoControlPlane, type ClusterAccess } from "../cluster/control-plane.ts";
import { sharedControlPlane } from "../cluster/shared.ts";
import { exampleFolder, examples, invalidExamples } from "./examples.ts";
import { faultyObjects, faultyStatuses, modelDeployment, wholeSpec, wholeStatus } from "./faulty-objects.ts";
import { openDryRun, type DryRun, type ServerAnswer } from "./server-answers.ts";
import { yamlCases } from "./yaml-cases.ts";

const reason = whyNoControlPlane();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;
// A control plane that is kept between runs may still be deleting the previous definition.
const namespace = `crds-${process.pid}`;
/** Sends every n-th faulty object; 1 sends all of them, which takes half a minute. */
const stride = Number(process.env["MODELWRIGHT_FAULTY_STRIDE"] ?? 7);
const thinned = <Item>(items: readonly Item[]): readonly Item[] => items.filter((_item, index) => index % stride === 0);
const definition = new URL("../../crds/generated/modelwright.dev_modeldeployments.yaml", import.meta.url);

describe.skipIf(reason !== undefined)(`the API on a real kube-apiserver${skipped}`, () => {
  let cluster: ClusterAccess;
  let dryRun: DryRun;

  const kubectl = async (args: readonly string[], input = "") => {
    const result = await cluster.kubectl(args, { input });
    return { ...result, output: result.stdout + result.stderr };
  };

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    await kubectl(["create", "namespace", namespace]);
    const applied = await kubectl(["apply", "--server-side", "-f", definition.pathname]);
    expect(applied.output).toMatch(/serverside-applied/);
    const wait = ["wait", "--for=condition=Established", "crd/modeldeployments.modelwright.dev", "--timeout=60s"];
    expect((await kubectl(wait)).code).toBe(0);
    dryRun = await openDryRun(cluster, namespace);
  }, startTimeoutMs);

  afterAll(async () => {
    dryRun?.close();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  test("the CRD is established and structural", async () => {
    const states = "--output=jsonpath={range .status.conditions[*]}{.type}={.status} {end}";
    const { stdout } = await kubectl(["get", "crd/modeldeployments.modelwright.dev", states]);
    // NonStructuralSchema and Terminating would be here as well.
    expect(stdout.trim().split(" ").sort()).toEqual(["Established=True", "NamesAccepted=True"]);
  });

  test("kubectl apply accepts every example", async () => {
    const args = ["apply", "--namespace", namespace, "--dry-run=server", "-f", exampleFolder.pathname];
    const { code, stdout, stderr } = await kubectl(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const objects = (await examples()).flatMap(({ file, text }) => readYaml(text, file));
    expect(stdout.match(/ created \(server dry run\)\n/g)).toHaveLength(objects.length);
  });

  test("every invalid example is refused with the message in its first line", async () => {
    for (const { file, text, message } of await invalidExamples()) {
      const [object] = readYaml(text, file);
      const answer = await dryRun.create(object, "Strict");
      expect({ file, code: answer.code, message: answer.message }).toEqual({
        file,
        code: message.startsWith("unknown field") ? 400 : 422,
        message: expect.stringContaining(message),
      });
    }
  });

  test("kubectl create accepts no invalid example", async () => {
    const folder = new URL("invalid/", exampleFolder).pathname;
    const { code, stdout } = await kubectl(["create", "--namespace", namespace, "--dry-run=server", "-f", folder]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  }, 60_000);

  test("our validator admits the same objects and reports errors in the same words", async () => {
    await inBatches(thinned(faultyObjects()), async ({ change, object }) => {
      const theirs = await dryRun.create(object, "Ignore");
      const ours = admittedModelDeployment(object);
      const issues = ours.issues.map(issueText).sort();
      const accepted = issues.length === 0;
      expect({ change, ...complaints(theirs) }).toEqual({ change, issues, accepted });
      if (accepted)
        expect({ change, object: withoutServerFields(theirs.object) }).toEqual({ change, object: ours.object });
    });
  }, 120_000);

  test("our validator finds the same unknown fields", async () => {
    const strays = faultyObjects().filter(({ change }) => /^stray|= \{/.test(change));
    await inBatches(strays, async ({ change, object }) => {
      const { message } = await dryRun.create(object, "Strict");
      const ours = admittedModelDeployment(object).unknownFields.map((path) => `unknown field "${path}"`);
      const theirs = /strict decoding error: (.*)$/.exec(message)?.[1] ?? "";
      expect({ change, unknown: theirs }).toEqual({ change, unknown: ours.join(", ") });
    });
  }, 60_000);

  test("our validator reports errors of status writes in the same words", async () => {
    const manifest = JSON.stringify(modelDeployment(wholeSpec));
    const created = await kubectl(["create", "--namespace", namespace, "--output=json", "-f", "-"], manifest);
    const stored: JsonObject = JSON.parse(created.stdout);
    const whole = await dryRun.replaceStatus({ ...stored, status: wholeStatus });
    expect(Object(whole.object).status).toEqual(wholeStatus);
    await inBatches(thinned(faultyStatuses()), async ({ change, status }) => {
      const theirs = await dryRun.replaceStatus({ ...stored, status });
      const { value } = prunedResource(modelDeploymentSchema, { ...stored, status });
      const filled = defaulted(modelDeploymentSchema, value);
      const object = isJsonObject(filled) ? filled : {};
      const issues = validatedStatus(servedModelDeployment, object, modelDeploymentRules).map(issueText).sort();
      expect({ change, ...complaints(theirs) }).toEqual({ change, issues, accepted: issues.length === 0 });
    });
  }, 120_000);

  test("kubectl scale and get work on it", async () => {
    const manifest = JSON.stringify(
      modelDeployment({ model: { source: { configMap: { name: "a", key: "b" } } } }, "scaled"),
    );
    await kubectl(["create", "--namespace", namespace, "-f", "-"], manifest);
    const scaled = await kubectl(["scale", "mwd/scaled", "--replicas=4", "--namespace", namespace]);
    expect(scaled.output).toBe("modeldeployment.modelwright.dev/scaled scaled\n");
    const replicas = await kubectl([
      "get",
      "mwd/scaled",
      "--namespace",
      namespace,
      "--output=jsonpath={.spec.replicas}",
    ]);
    expect(replicas.stdout).toBe("4");
    const wide = await kubectl(["get", "ml", "--namespace", namespace, "--output=wide"]);
    const header = wide.stdout.split("\n")[0] ?? "";
    const columns = "NAME READY STRATEGY STABLE CANDIDATE % REPLICAS URL AGE REASON DIGEST GPU";
    expect(header.replace(/ +/g, " ").trim()).toBe(columns);
  });

  test("kubectl parses YAML as we do", async () => {
    const values = Object.keys(yamlCases).map((source) => `  - ${source}\n`);
    const head = "apiVersion: modelwright.dev/v1alpha1\nkind: ModelDeployment\nmetadata: {name: a}\n";
    const manifest = `${head}values:\n${values.join("")}`;
    const args = ["create", "--dry-run=client", "--validate=false", "--output=json", "-f", "-"];
    const { stdout } = await kubectl(args, manifest);
    expect(JSON.parse(stdout).values).toEqual(Object.values(yamlCases));
  });

  test("the definition on the server is the committed one", async () => {
    const text = await readFile(definition, "utf8");
    const { stdout } = await kubectl(["diff", "--server-side", "-f", "-"], text);
    expect(stdout).toBe("");
  });
});

function complaints({ issues, code }: ServerAnswer): { issues: readonly string[]; accepted: boolean } {
  return { issues, accepted: code < 300 };
}

/** Bounds the number of concurrent requests. */
async function inBatches<Item>(items: readonly Item[], check: (item: Item) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += 32) await Promise.all(items.slice(start, start + 32).map(check));
}

/** Metadata that the server adds to every object. */
function withoutServerFields(object: unknown): unknown {
  const { metadata, ...rest } = Object(object);
  const { uid: _, creationTimestamp: _1, generation: _2, managedFields: _3, namespace: _4, ...own } = metadata;
  return { ...rest, metadata: own };
}
