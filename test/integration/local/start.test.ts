import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { loadConnection } from "../../../operator/kube/config.ts";
import { capture } from "../../cluster/launch/kubectl.ts";
import { unaryCall, grpcClient, methods } from "../gateway/grpc-scene.ts";
import { descendants } from "./processes.ts";
import { type LocalMode, startLocalMode } from "./local-mode.ts";
import { type Answer, predictions } from "./client/predict.ts";

vi.setConfig({ testTimeout: 120_000 });

/** The line about the prediction of a real digit. */
const shown = /^predicted (\d) \((\d+\.\d) %\), true class (\d)$/;
const lastLine = /^Ctrl-C stops everything\.$/;

describe("start without arguments", () => {
  let local: LocalMode;
  beforeAll(async () => {
    local = await startLocalMode();
    await local.line(lastLine);
  });
  afterAll(() => local.stop());

  test("prints the addresses of its servers", async () => {
    expect(local.lines.slice(0, 4)).toEqual([
      `REST API    ${local.restUrl}`,
      `gRPC        ${local.grpcAddress}`,
      `page        ${local.pageUrl}`,
      `kubectl     export KUBECONFIG=${local.kubeconfigPath}`,
    ]);
    expect(await loadConnection({ kubeconfigPath: local.kubeconfigPath })).toMatchObject({
      server: local.apiUrl,
      namespace: "default",
    });
    const page = await fetch(local.pageUrl);
    expect(await page.text()).toContain('href="/models/default/simple-model"');
  });

  test("prints the states of the model until it serves", () => {
    const states = local.lines.filter((line) => line.startsWith("default/simple-model  "));
    expect(states[0]).toMatch(/^default\/simple-model {2}NothingServes: /);
    expect(states.at(-1)).toBe("default/simple-model  Ready (AsDeclared): version 1 serves");
  });

  test("predicts the true class of a digit outside the training data", async () => {
    const [, predicted, , truth] = shown.exec(await local.line(shown)) ?? [];
    expect(predicted).toBe(truth);
  });

  test("prints a command that repeats the prediction", async () => {
    const [, predicted, percent] = shown.exec(await local.line(shown)) ?? [];
    const { code, stdout, stderr } = await capture("/bin/sh", ["-c", await local.line(/^curl /)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const answer: Answer = { status: 200, body: JSON.parse(stdout) };
    const [row = []] = predictions(answer);
    const highest = Math.max(...row);
    expect({ class: `${row.indexOf(highest)}`, percent: (highest * 100).toFixed(1) }).toEqual({
      class: predicted,
      percent,
    });
  });

  test("answers gRPC at the printed port", async () => {
    const client = grpcClient(Number(local.grpcAddress.split(":")[1]));
    const name = "simple_model";
    const request = Buffer.from([0x0a, name.length, ...Buffer.from(name)]);
    const { status, message, revision } = await unaryCall(client, request, { method: methods.modelReady });
    client.close();
    expect([status, [...message]]).toEqual(["0", [8, 1]]);
    expect(String(revision)).toMatch(/^\w{10}$/);
  });

  test("prints the output that the README shows", () => {
    const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
    const [, block = ""] = /<!-- start-output[^>]*-->\n```\n(.*?)\n```/s.exec(readme) ?? [];
    expect(shape(block.split("\n"))).toEqual(shape(local.lines));
  });

  test("works with npx modelwright status and validate", async () => {
    const npx = async (...args: string[]) =>
      (await capture("npx", ["modelwright", ...args])).stdout.trimEnd().split("\n");
    expect(await npx("status", "--api-port", `${local.apiPort}`)).toEqual([
      `default/simple-model  replicas 1/1  ${local.restUrl}/v1/models/simple_model`,
      expect.stringMatching(/^ {2}Ready=True AsDeclared: revision \w{10} \(version 1\) serves with 1 pod$/),
      expect.stringMatching(/^ {2}Available=True StableServes: /),
      "  Progressing=False AsDeclared: nothing is under way",
      expect.stringMatching(/^ {2}stable \w{10} version 1 {2}ready 1\/1 {2}100 %$/),
      expect.stringMatching(/^ {4}pod simple-model-\w{10}-\w{5} {2}ready$/),
    ]);
    expect(await npx("status", "--kubeconfig", local.kubeconfigPath, "-n", "elsewhere")).toEqual([
      "no ModelDeployment in namespace elsewhere",
    ]);
    expect(await npx("validate", "-f", "crds/examples/digits.yaml")).toEqual([
      "crds/examples/digits.yaml: ConfigMap default/simple-model: not checked (only ModelDeployments are)",
      "crds/examples/digits.yaml: ModelDeployment default/simple-model: valid",
    ]);
  });

  test("writes nothing to stderr", () => {
    expect(local.stderr).toEqual([]);
  });
});

test("Ctrl-C ends everything", async () => {
  const local = await startLocalMode();
  await local.line(lastLine);
  expect(descendants(local.pid).filter(({ command }) => command.includes("runtime/main.ts"))).toHaveLength(2);
  expect(await local.end("SIGINT")).toEqual({ code: 0, signal: null, left: [] });
  expect(local.lines.at(-1)).toBe("stopping");
  expect(local.stderr).toEqual([]);
});

test.for([
  { moment: "the servers come up", line: /^REST API/ },
  { moment: "the model loads", line: /^applied ModelDeployment/ },
])("Ctrl-C while $moment ends everything", async ({ line }) => {
  const local = await startLocalMode();
  await local.line(line);
  expect(await local.end("SIGINT")).toEqual({ code: 0, signal: null, left: [] });
  expect(local.stderr).toEqual([]);
});

test("its pods end when it is killed", async () => {
  const local = await startLocalMode();
  await local.line(lastLine);
  expect(await local.end("SIGKILL")).toEqual({ code: null, signal: "SIGKILL", left: [] });
});

/** Lines without what differs between runs: ports, folders, names of pods, states on the way. */
function shape(lines: readonly string[]): readonly string[] {
  return lines
    .map((line) =>
      line
        .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
        .replace(/KUBECONFIG=.*/, "KUBECONFIG=FILE")
        .replace(/NothingServes: .*/, "NothingServes: …")
        .replace(/\[\[.*\]\]/, "[[…]]"),
    )
    .filter((line, i, all) => line !== all[i - 1]);
}
