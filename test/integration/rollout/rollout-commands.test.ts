import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { capture } from "../../cluster/launch/kubectl.ts";
import { chromium, startBrowser } from "../local/client/browser.ts";
import { conditionOf } from "../local/client/observed.ts";
import { until } from "../local/client/until.ts";
import { type LocalMode, startLocalMode } from "../local/local-mode.ts";

vi.setConfig({ testTimeout: 120_000 });

const command = fileURLToPath(import.meta.resolve("../../../operator/cli/modelwright.ts"));
const key = { namespace: "default", name: "simple-model" };
const executable = chromium();
const skipped = executable === undefined ? " (skipped: no Chromium in PATH)" : "";

describe("a rollout under manual control", () => {
  let local: LocalMode;
  let sizes = 32;

  const now = (): Promise<ModelDeployment | undefined> => local.deployment(key.name);
  const reached = (satisfies: (status: NonNullable<ModelDeployment["status"]>) => boolean) =>
    until(now, (found) => found?.status !== undefined && satisfies(found.status));
  const weight = async (): Promise<number | undefined> => (await now())?.status?.candidate?.weight;

  async function modelwright(...args: string[]) {
    const run = await capture(process.execPath, [command, ...args, "--api-port", String(local.apiPort)]);
    return { code: run.code, text: `${run.stdout}${run.stderr}`.trim() };
  }

  /** Starts the rollout of another revision of the same model with these steps. */
  async function changed(...steps: readonly object[]): Promise<void> {
    sizes += 1;
    const spec = { serving: { batching: { maxSize: sizes } }, rollout: { canary: { steps } } };
    await local.client.mergePatch(resources.modelDeployments, key, { spec });
  }

  beforeAll(async () => {
    local = await startLocalMode();
    await local.line(/^Ctrl-C stops everything/);
  });
  afterAll(() => local.stop());

  test("refuses commands while none is in progress, and says so", async () => {
    expect(await modelwright("promote", key.name)).toEqual({
      code: 2,
      text: "promote has no effect on default/simple-model: no rollout is under way; modelwright status simple-model shows where it is",
    });
    expect(await modelwright("abort", "nobody")).toEqual({
      code: 2,
      text: "there is no ModelDeployment nobody in namespace default; modelwright status lists all; -n NAMESPACE chooses another namespace",
    });
  });

  test("waits at a pause step until it is promoted", async () => {
    await changed({ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: {} });
    await reached(({ rollout }) => rollout?.paused === true);
    expect(await weight()).toBe(20);
    const { text } = await modelwright("status", key.name);
    expect(text).toMatch(/rollout Canary step 2 of 4: pause .*waits for modelwright promote/);
    expect(text).toMatch(/candidate \w{10} version 2 {2}ready 1\/1 {2}20 %/);
    expect((await modelwright("promote", key.name)).code).toBe(0);
    await reached(({ candidate }) => candidate?.weight === 60);
  });

  test("stays at its step from pause until resume", async () => {
    await reached(({ rollout }) => rollout?.paused === true);
    expect((await modelwright("pause", key.name)).code).toBe(0);
    expect((await modelwright("pause", key.name)).text).toContain("it is paused already");
    expect((await modelwright("resume", key.name)).code).toBe(0);
    expect(await weight()).toBe(60);
  });

  test("returns all traffic to the stable revision on abort, and is not retried", async () => {
    expect((await modelwright("abort", key.name)).text).toMatch(
      /stable is revision \w{10} \(version 1\) with 100 % of the requests$/,
    );
    const last = await reached(({ candidate }) => candidate === undefined);
    expect(conditionOf(last, "Ready")).toMatchObject({ status: "False", reason: "RolledBack" });
    expect(conditionOf(last, "Available")).toMatchObject({ status: "True" });
    const { text } = await modelwright("history", key.name);
    expect(text).toMatch(/ {2}stable 100 % /);
    expect(text).toMatch(/ failed .*Aborted: the rollout was aborted by a command/);
  });

  test("is retried on request, and promoted at once with --full", async () => {
    expect((await modelwright("retry", key.name)).code).toBe(0);
    await reached(({ rollout }) => rollout?.paused === true);
    expect((await modelwright("promote", key.name, "--full")).code).toBe(0);
    const { code, text } = await modelwright("status", key.name, "--watch");
    expect(code).toBe(0);
    expect(text).toMatch(/stable \w{10} version \d+ {2}ready 1\/1 {2}100 %(?![\s\S]*candidate)/);
  });

  test("restarts pods on request, by the rollout's steps", async () => {
    await local.client.mergePatch(resources.modelDeployments, key, { spec: { rollout: { canary: { steps: [] } } } });
    const before = (await now())?.status?.stable?.revision;
    expect((await modelwright("restart", key.name)).text).toMatch(
      /: candidate is revision \w{10} \(version \d+\) with \d+ %/,
    );
    const restarted = await reached(({ stable, candidate }) => candidate === undefined && stable?.revision !== before);
    expect(conditionOf(restarted, "Ready")).toMatchObject({ status: "True", reason: "AsDeclared" });
  });

  test.skipIf(executable === undefined)(`is promoted on the page of a real browser${skipped}`, async () => {
    await changed({ setWeight: 30 }, { pause: {} });
    await reached(({ rollout }) => rollout?.paused === true);
    const browser = await startBrowser(executable ?? "");
    try {
      await browser.open(`${local.pageUrl}/models/default/${key.name}`);
      expect(await browser.value(`document.querySelector(".legend .candidate").innerText`)).toMatch(/: 30 %$/);
      await browser.follow(`document.querySelector('button[value="promote"]').click()`);
      expect(await browser.value(`document.querySelector("#notice").innerText`)).toContain(" is revision ");
      await until(
        () => browser.value(`document.querySelector("#rollout") === null`),
        (isGone) => isGone === true,
      );
    } finally {
      await browser.close();
    }
  });
});
