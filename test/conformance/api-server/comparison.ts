import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { join } from "node:path";

import { readYaml } from "../../../crds/schema/yaml.ts";
import { modelDeploymentRules } from "../../../crds/v1alpha1/validation.ts";
import { loadConnection } from "../../../operator/kube/config.ts";
import { createHttpTransport } from "../../../operator/kube/http-transport.ts";
import type { Transport } from "../../../operator/kube/transport.ts";
import { createApiServer } from "../../../operator/local/api-server/api-server.ts";
import { systemClock } from "../../../runtime/base/clock.ts";
import { startControlPlane } from "../../cluster/control-plane.ts";
import { eventually } from "../../builders/eventually.ts";
import { type Outcome, outcomes, type Step } from "./trace.ts";
import { watchEvents } from "./watch-events.ts";

/** The responses and watch events of two servers for the same requests. */
export interface Answers {
  readonly model: readonly Outcome[];
  readonly real: readonly Outcome[];
}

/** The API-server model beside a real kube-apiserver. */
export interface Comparison {
  /** Number of requests sent to each server so far, including watches. */
  readonly requests: number;
  /** Sends the steps to both servers, in a new namespace; then watches each kind from before the first step. */
  compare(steps: readonly Step[]): Promise<Answers>;
  stop(): Promise<void>;
}

/** Starts both servers. The real one runs without controllers, which would write between the requests of a trace. */
export async function startComparison(): Promise<Comparison> {
  const plane = await startControlPlane({ controllers: false, scheduler: false });
  const model = createApiServer({ clock: systemClock, rules: modelDeploymentRules, collection: "stepwise" });
  const real = createHttpTransport({ connection: await loadConnection({ kubeconfigPath: plane.kubeconfigPath }) });
  for (const transport of [model, real]) await installModelDeployments(transport);
  // The real server has no history from before its start.
  model.store.compact();
  let traces = 0;
  let requests = 0;
  return {
    get requests() {
      return requests;
    },
    async compare(steps) {
      traces += 1;
      const namespace = `trace-${traces}-ns`;
      const run = async (transport: Transport): Promise<readonly Outcome[]> => {
        const since = await createNamespace(transport, namespace);
        const { results, naming } = await outcomes(transport, namespace, steps);
        return [...results, ...(await watchEvents(transport, { naming, since, steps }))];
      };
      const [fromModel, fromReal] = await Promise.all([run(model), run(real)]);
      requests += fromModel.length;
      return { model: fromModel, real: fromReal };
    },
    async stop() {
      await model.close();
      await real.close();
      await plane.stop();
    },
  };
}

/** Describes the first response that differs; undefined when none does. */
export function firstDifference({ model, real }: Answers): string | undefined {
  const at = real.findIndex((outcome, index) => !isDeepStrictEqual(outcome, model[index]));
  if (at === -1 && model.length === real.length) return undefined;
  const before = real.slice(Math.max(0, at - 6), at + 1).map(({ step, status }) => `  ${status} ${step}`);
  return [`answer ${at + 1}`, ...before, ...differences(model[at], real[at], "")].join("\n");
}

/** The differing paths of two values, with the values of the model and of the real server. */
function differences(model: unknown, real: unknown, path: string): readonly string[] {
  if (isDeepStrictEqual(model, real)) return [];
  const [modelMembers, realMembers] = [members(model), members(real)];
  if (modelMembers === undefined || realMembers === undefined || Array.isArray(model) !== Array.isArray(real)) {
    return [`  ${path}: model ${JSON.stringify(model)}, real ${JSON.stringify(real)}`];
  }
  const names = [...new Set([...modelMembers.keys(), ...realMembers.keys()])];
  return names.flatMap((name) => differences(modelMembers.get(name), realMembers.get(name), `${path}.${name}`));
}

function members(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : undefined;
}

/** Creates the namespace and returns its resourceVersion, which is older than everything in it. */
async function createNamespace(transport: Transport, name: string): Promise<string> {
  const body = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  const headers = { "content-type": "application/json" };
  const answer = await transport.send({ method: "POST", path: "/api/v1/namespaces", headers, body });
  if (answer.status !== 201) throw new Error(`namespace ${name}: ${answer.body}`);
  const { metadata } = JSON.parse(answer.body) as { metadata: { resourceVersion: string } }; // a stored object
  return metadata.resourceVersion;
}

const crdPath = join(import.meta.dirname, "../../../crds/generated/modelwright.dev_modeldeployments.yaml");

async function installModelDeployments(transport: Transport): Promise<void> {
  const [body] = readYaml(readFileSync(crdPath, "utf8"), crdPath);
  const resource = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/modeldeployments.modelwright.dev";
  const path = `${resource}?fieldManager=traces&force=true`;
  const headers = { "content-type": "application/apply-patch+yaml" };
  const { status } = await transport.send({ method: "PATCH", path, headers, body: JSON.stringify(body) });
  if (status >= 300) throw new Error(`the definition was refused with ${status}`);
  const served = { method: "GET", path: "/apis/modelwright.dev/v1alpha1/modeldeployments" } as const;
  await eventually(
    async () => (await transport.send(served)).status,
    (answer) => answer === 200,
    20_000,
  );
}
