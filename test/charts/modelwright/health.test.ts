import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeAll, describe, expect, test } from "vitest";

import { readYaml } from "../../../crds/schema/yaml.ts";
import { isJsonObject } from "../../../crds/schema/structural/structural-schema.ts";
import { admittedModelDeployment } from "../../../crds/v1alpha1/validation.ts";
import { kstatus, type KStatus } from "../../integration/status/kstatus.ts";
import { goldenStates } from "../../integration/status/golden-states.ts";
import { capture } from "../../cluster/launch/kubectl.ts";
import { toolPath, toolTimeoutMs, whyNoTool } from "../tool.ts";

const folder = join(import.meta.dirname, "../../../charts/modelwright/contrib/argocd/modelwright.dev/ModelDeployment");
const reason = whyNoTool("glua");
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

/** Format of Argo CD's `health_test.yaml` files. */
interface HealthTests {
  readonly tests: readonly {
    readonly healthStatus: { readonly status: string; readonly message: string };
    readonly inputPath: string;
  }[];
}

async function tests(): Promise<HealthTests> {
  return (await document("health_test.yaml")) as HealthTests; // the file beside its data
}

async function document(name: string): Promise<unknown> {
  return readYaml(await readFile(join(folder, name), "utf8"), name)[0];
}

describe.skipIf(reason !== undefined)(`Argo CD's view of a ModelDeployment${skipped}`, async () => {
  const cases = (await tests()).tests;
  let glua = "";

  beforeAll(async () => {
    glua = await toolPath("glua");
  }, toolTimeoutMs);

  test.each(cases)("$inputPath is $healthStatus.status: $healthStatus.message", async ({ healthStatus, inputPath }) => {
    const object = await document(inputPath);
    expect(await health(glua, [object])).toEqual([healthStatus]);
  });

  test("agrees with kstatus on every state of the stories, with the message of Ready", async () => {
    const states = goldenStates();
    const seen = await health(
      glua,
      states.map(({ object }) => object),
    );
    const wanted = states.map(({ object }) => {
      const { reason: word, message } = object.status.conditions.find(({ type }) => type === "Ready") ?? {};
      const stalled = object.status.conditions.find(({ type }) => type === "Stalled");
      // Argo CD has a status for a rollout that waits for a user; kstatus has none.
      const paused = object.status.conditions.find((one) => one.type === "Progressing" && one.reason === "StepPaused");
      if (stalled === undefined && paused !== undefined) return { status: "Suspended", message: paused.message };
      const status = word === "Suspended" ? "Suspended" : healthOf[kstatus(object)];
      return { status, message: stalled?.message ?? message };
    });
    expect(seen).toEqual(wanted);
    expect(states.length).toBeGreaterThanOrEqual(40);
  });
});

/** Argo CD's names for the states of kstatus. */
const healthOf = {
  Current: "Healthy",
  InProgress: "Progressing",
  Failed: "Degraded",
  Terminating: "Progressing",
} as const satisfies Record<KStatus, string>;

test("its test data are ModelDeployments", async () => {
  for (const { inputPath } of (await tests()).tests) {
    const object = await document(inputPath);
    if (!isJsonObject(object)) throw new Error(`${inputPath} is no object`);
    expect(admittedModelDeployment(object).issues).toEqual([]);
  }
});

/** Runs the script as Argo CD does, with `obj` set; returns its result for each object. */
async function health(glua: string, objects: readonly unknown[]): Promise<readonly unknown[]> {
  const work = await mkdtemp(join(tmpdir(), "modelwright-health-"));
  try {
    const script = join(work, "health.lua");
    const source = await readFile(join(folder, "health.lua"), "utf8");
    const printed = 'io.write(health.status, "\\t", health.message, "\\n")';
    const runs = objects.map((object) => `obj = ${lua(object)}\nhealth = run()\n${printed}\n`);
    await writeFile(script, `local function run()\n${source}\nend\n${runs.join("")}`);
    const { code, stdout, stderr } = await capture(glua, [script]);
    if (code !== 0) throw new Error(stderr);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"))
      .map(([status, message]) => ({ status, message }));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A JSON value as Lua would write it. */
function lua(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(lua).join(", ")}}`;
  if (typeof value !== "object" || value === null) return value === null ? "nil" : JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, member]) => `[${JSON.stringify(key)}] = ${lua(member)}`)
    .join(", ")}}`;
}
