import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { readYaml } from "../../../crds/schema/yaml.ts";
import { loadConnection } from "../../../operator/kube/config.ts";
import { createHttpTransport } from "../../../operator/kube/http-transport.ts";
import type { Transport } from "../../../operator/kube/transport.ts";
import { createApiServer } from "../../../operator/local/api-server/api-server.ts";
import { systemClock } from "../../../runtime/base/clock.ts";
import { startControlPlane, startTimeoutMs, whyNotHere, type ControlPlane } from "../../cluster/control-plane.ts";
import { modelDeploymentRules } from "../../../crds/v1alpha1/validation.ts";
import { randomSteps } from "./random-steps.ts";
import { scenarios } from "./scenarios.ts";
import { applyPatch, outcomes, type Step } from "./trace.ts";

/** Random traces per run and requests per trace. */
const seeds = Array.from({ length: 15 }, (_, index) => index + 1);
const stepsPerTrace = 40;

const reason = whyNotHere();

describe.skipIf(reason !== undefined)(
  `the API-server model answers like a real kube-apiserver${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    const model = createApiServer({ clock: systemClock, rules: modelDeploymentRules, collection: "stepwise" });
    const prefix = `traces-${Math.random().toString(36).slice(2, 8)}`;
    let plane: ControlPlane | undefined;
    let real: Transport | undefined;
    let count = 0;

    beforeAll(async () => {
      // One of its own: controllers would write between the requests of a trace.
      plane = await startControlPlane({ controllers: false, scheduler: false });
      const { kubeconfigPath } = plane;
      real = createHttpTransport({ connection: await loadConnection({ kubeconfigPath }) });
      for (const transport of [model, real]) await installModelDeployments(transport);
    }, startTimeoutMs);

    afterAll(async () => {
      await model.close();
      await real?.close();
      await plane?.stop();
    });

    async function compare(steps: readonly Step[]): Promise<void> {
      if (real === undefined) throw new Error("the real server has not started");
      count += 1;
      const namespace = `${prefix}-${count}`;
      const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
      for (const transport of [model, real]) {
        await outcomes(transport, namespace, [{ method: "POST", path: "/api/v1/namespaces", body }]);
      }
      const got = await outcomes(model, namespace, steps);
      const want = await outcomes(real, namespace, steps);
      expect(got).toEqual(want);
    }

    for (const [name, steps] of Object.entries(scenarios)) test(name, () => compare(steps));
    for (const seed of seeds) test(`random trace of seed ${seed}`, () => compare(randomSteps(seed, stepsPerTrace)));
  },
);

const crdPath = join(import.meta.dirname, "../../../crds/generated/modelwright.dev_modeldeployments.yaml");

async function installModelDeployments(transport: Transport): Promise<void> {
  const [body] = readYaml(readFileSync(crdPath, "utf8"), crdPath);
  const resource = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/modeldeployments.modelwright.dev";
  const path = `${resource}?fieldManager=traces&force=true`;
  const headers = { "content-type": applyPatch };
  const { status } = await transport.send({ method: "PATCH", path, headers, body: JSON.stringify(body) });
  expect(status).toBeLessThan(300);
  const served = { method: "GET", path: "/apis/modelwright.dev/v1alpha1/modeldeployments" } as const;
  await vi.waitFor(async () => expect((await transport.send(served)).status).toBe(200), {
    timeout: 20_000,
    interval: 100,
  });
}
