import { expect, test } from "vitest";
import { modelDeploymentDefinition } from "../../../crds/v1alpha1/definition.ts";
import { createClient } from "../../../operator/kube/client.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { createApiServer } from "../../../operator/local/api-server/api-server.ts";
import { createServedDefinition } from "../../../operator/signals/served-definition.ts";
import { silentLog } from "../../../runtime/base/log.ts";
import { systemClock } from "../../../runtime/base/clock.ts";
import { createManualClock } from "../../builders/manual-clock.ts";
import { testMs } from "../../builders/model-deployment.ts";
import { olderDefinition } from "../../builders/older-definition.ts";
import { eventually } from "../../builders/eventually.ts";

test("reports the field that the served definition drops, until that of this release is applied", async () => {
  const server = createApiServer({ clock: systemClock });
  const client = createClient({ transport: server, fieldManager: "test" });
  let changes = 0;
  const served = createServedDefinition({
    transport: server,
    clock: systemClock,
    log: silentLog,
    onChange: () => void (changes += 1),
  });
  served.look();
  await client.apply(resources.customResourceDefinitions, olderDefinition());
  const lacks = (wanted: string | undefined) =>
    eventually(
      () => {
        served.look();
        return served.droppedField;
      },
      (field) => field === wanted,
    );
  await lacks(".spec.suspend");
  await client.apply(resources.customResourceDefinitions, modelDeploymentDefinition, { force: true });
  await lacks(undefined);
  expect(changes).toBe(2);
  served.stop();
  await server.close();
});

test("reads the schema several times: a server publishes a definition some time after it has accepted it", async () => {
  const server = createApiServer({ clock: systemClock });
  const client = createClient({ transport: server, fieldManager: "test" });
  await client.apply(resources.customResourceDefinitions, modelDeploymentDefinition);
  const clock = createManualClock(testMs);
  let looks = 0;
  const transport = {
    send: (...args: Parameters<typeof server.send>) => server.send(...args).finally(() => (looks += 1)),
  };
  const served = createServedDefinition({ transport, clock, log: silentLog, onChange: () => {} });
  served.look();
  await eventually(
    () => looks,
    (count) => count === 1,
  );
  await client.apply(resources.customResourceDefinitions, olderDefinition(), { force: true });
  await clock.advance(500);
  await eventually(
    () => served.droppedField,
    (field) => field === ".spec.suspend",
  );
  served.stop();
  await server.close();
});
