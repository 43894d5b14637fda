import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { controlPlaneBinary, whyNoControlPlane } from "../../cluster/control-plane.ts";
import { type Kubectl, kubectlFor } from "../../cluster/launch/kubectl.ts";
import { type LocalMode, startLocalMode } from "./local-mode.ts";
import { until } from "./client/until.ts";
import { fixture, predict } from "./client/predict.ts";

vi.setConfig({ testTimeout: 120_000 });

const reason = whyNoControlPlane();
const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;

const second = (key = "simple_model.h5") => `apiVersion: modelwright.dev/v1alpha1
kind: ModelDeployment
metadata:
  name: second
spec:
  model:
    source:
      configMap:
        name: simple-model
        key: ${key}
`;

describe.skipIf(reason !== undefined)(`kubectl on local mode${skipped}`, () => {
  let local: LocalMode;
  let binary: string;
  let kubectl: Kubectl;

  beforeAll(async () => {
    binary = await controlPlaneBinary();
    local = await startLocalMode(["--log-level", "info"]);
    kubectl = kubectlFor(binary, local.kubeconfigPath);
    await local.line(/^Ctrl-C stops everything/);
  });
  afterAll(() => local.stop());

  /** kubectl's output lines with two spaces between columns. Throws with its error output if it fails. */
  async function lines(command: string, input = ""): Promise<readonly string[]> {
    const { code, stdout, stderr } = await kubectl(command.split(" "), { input });
    if (code !== 0) throw new Error(`kubectl ${command}: ${code}: ${stderr}${stdout}`);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.trim().replace(/ {2,}/g, "  "));
  }

  test("get shows the printer columns", async () => {
    const url = `${local.restUrl}/v1/models/simple_model`;
    const [head, row, ...more] = await lines("get mwd");
    expect([head, more]).toEqual(["NAME  READY  STRATEGY  STABLE  CANDIDATE %  REPLICAS  URL  AGE", []]);
    expect(row).toMatch(new RegExp(`^simple-model {2}True {2}1 {2}1 {2}${url} {2}\\d+s$`));
  });

  test("get -o wide adds reason and digest", async () => {
    const [head, row] = await lines("get modeldeployments.modelwright.dev simple-model -o wide");
    expect(head).toBe("NAME  READY  STRATEGY  STABLE  CANDIDATE %  REPLICAS  URL  AGE  REASON  DIGEST  GPU");
    expect(row).toMatch(/ {2}AsDeclared {2}sha256:[0-9a-f]{64}$/);
  });

  test("get works by category and across namespaces", async () => {
    expect(await lines("get ml -o name")).toEqual(["modeldeployment.modelwright.dev/simple-model"]);
    const pods = (await lines("get pods -A")).map((line) =>
      line.replace(/-\w{10}-\w{5}|-\w{5}(?= )/, "").replace(/\d+m?\d*s?$/, "AGE"),
    );
    expect(pods).toEqual([
      "NAMESPACE  NAME  READY  STATUS  RESTARTS  AGE",
      "default  simple-model  1/1  Running  0  AGE",
      "modelwright-system  modelwright-gateway  1/1  Running  0  AGE",
    ]);
  });

  test("describe shows conditions and events", async () => {
    const text = (await lines("describe mwd simple-model")).join("\n");
    expect(text).toContain("Reason:  AsDeclared\nStatus:  True\nType:  Ready");
    expect(text).toMatch(/\nNormal {2}RevisionCreated {2}\S+ {2}modelwright {2}created ReplicaSet simple-model-/);
    expect(text).toMatch(
      /\nNormal {2}AsDeclared {2}\S+ {2}modelwright {2}revision \w+ \(version 1\) serves with 1 pod$/,
    );
  });

  test("get events and events --for show events", async () => {
    expect((await lines("get events")).join("\n")).toMatch(
      /Normal {2}Started {2}pod\/simple-model-\S+ {2}Started container runtime/,
    );
    const [head, ...rows] = await lines("events --for=mwd/simple-model");
    expect(head).toBe("LAST SEEN  TYPE  REASON  OBJECT  MESSAGE");
    expect(rows.map((row) => row.split("  ")[2])).toEqual(
      expect.arrayContaining(["RevisionCreated", "TrafficShifted", "RevisionPromoted", "AsDeclared"]),
    );
  });

  test("explain describes the fields", async () => {
    const text = (await lines("explain mwd.spec.model")).join("\n");
    expect(text).toMatch(/^GROUP:\s+modelwright\.dev\nKIND:\s+ModelDeployment\nVERSION:\s+v1alpha1/);
    expect(text).toContain("Name of the model in requests, as in /v1/models/NAME:predict.");
    expect(text).toMatch(/source\s+<Object> -required-/);
  });

  test("client-side apply creates, keeps and changes an object", async () => {
    const name = "modeldeployment.modelwright.dev/second";
    expect(await lines("apply -f -", second())).toEqual([`${name} created`]);
    expect(await lines("apply -f -", second())).toEqual([`${name} unchanged`]);
    expect(await lines("wait --for=condition=Ready mwd/second --timeout=60s")).toEqual([`${name} condition met`]);
    expect(await lines("apply -f -", `${second()}  serving:\n    batching:\n      maxSize: 8\n`)).toEqual([
      `${name} configured`,
    ]);
    await until(
      () => local.deployment("second"),
      (one) => one?.status?.stable?.version === "2",
    );
    expect(await lines("diff -f -", `${second()}  serving:\n    batching:\n      maxSize: 8\n`)).toEqual([""]);
  });

  test("server-side apply creates an object and reports conflicts", async () => {
    const third = second().replace("name: second", "name: third");
    const name = "modeldeployment.modelwright.dev/third";
    expect(await lines("apply --server-side -f -", third)).toEqual([`${name} serverside-applied`]);
    expect(await lines("wait --for=condition=Ready mwd/third --timeout=60s")).toEqual([`${name} condition met`]);
    const taken = await kubectl(["apply", "--server-side", "--field-manager=other", "-f", "-"], {
      input: third.replace("simple_model.h5", "other.h5"),
    });
    expect(taken.code).toBe(1);
    expect(taken.stderr).toMatch(/conflict with "kubectl": \.spec\.model\.source\.configMap\.key/);
    expect(await lines("delete mwd third")).toEqual([
      'modeldeployment.modelwright.dev "third" deleted from default namespace',
    ]);
  });

  test("apply of an invalid object names the field", async () => {
    const { code, stderr } = await kubectl(["apply", "-f", "-"], { input: second("../x") });
    expect(code).toBe(1);
    expect(stderr).toContain("spec.model.source.configMap.key");
    const unknown = await kubectl(["apply", "-f", "-"], { input: second().replace("source:", "sauce:") });
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('unknown field "spec.model.sauce"');
  });

  test("get -w shows the changes of patch, scale and the operator", async () => {
    const watching = spawn(
      binary,
      [
        "kubectl",
        `--kubeconfig=${local.kubeconfigPath}`,
        "get",
        "mwd",
        "second",
        "-w",
        "-o=jsonpath={.spec.replicas} {.status.stable.ready}{'\\n'}",
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const ended = once(watching, "close");
    const seen: string[] = [];
    createInterface({ input: watching.stdout }).on("line", (line) => seen.push(line));
    await until(
      () => seen.length,
      (count) => count > 0,
    );
    expect(await lines("scale mwd second --replicas=3")).toEqual(["modeldeployment.modelwright.dev/second scaled"]);
    await until(
      () => seen,
      (all) => all.includes("3 3"),
    );
    expect(await lines("wait --for=condition=Ready mwd/second --timeout=60s")).toHaveLength(1);
    expect((await lines("get pods -l modelwright.dev/model-deployment=second -o name")).length).toBe(3);
    await lines("scale mwd second --replicas=0");
    await until(
      () => seen,
      (all) => all.at(-1) === "0 0" || all.at(-1) === "0",
    );
    await lines('patch mwd second --type=json -p=[{"op":"replace","path":"/spec/replicas","value":1}]');
    await until(
      () => seen,
      (all) => all.at(-1) === "1 1",
    );
    await lines('patch mwd second --type=merge -p={"spec":{"suspend":true}}');
    await lines("wait --for=jsonpath={.status.conditions[0].reason}=Suspended mwd/second --timeout=60s");
    await lines('patch mwd second --type=merge -p={"spec":{"suspend":null}}');
    await lines("wait --for=condition=Ready mwd/second --timeout=60s");
    watching.kill();
    await ended;
  });

  test("logs shows a pod's output", async () => {
    const [pod = ""] = await lines("get pods -l modelwright.dev/model-deployment=simple-model -o name");
    const log = (await lines(`logs ${pod}`)).map((line): unknown => JSON.parse(line));
    expect(log).toContainEqual(expect.objectContaining({ msg: "listening", program: "serve" }));
    expect((await kubectl(["logs", "no-such-pod"])).stderr).toBe(
      'error: error from server (NotFound): pods "no-such-pod" not found in namespace "default"\n',
    );
  });

  test("delete removes the object and its children", async () => {
    expect(await lines("delete mwd/second")).toEqual([
      'modeldeployment.modelwright.dev "second" deleted from default namespace',
    ]);
    await until(
      () =>
        lines(
          "get rs,pods,services,endpointslices,serviceaccounts,pdb -l modelwright.dev/model-deployment=second -o name",
        ),
      (names) => names.join("") === "",
    );
    const { instances } = fixture("simple_model/v1");
    await until(
      () => predict(local.restUrl, "second", instances),
      ({ status }) => status === 404,
    );
    expect((await predict(local.restUrl, "simple_model", instances)).status).toBe(200);
  });
});
