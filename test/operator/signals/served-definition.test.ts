import { expect, test } from "vitest";
import { modelDeploymentDefinition } from "../../../crds/v1alpha1/definition.ts";
import { createClient } from "../../../operator/kube/client.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { createApiServer } from "../../../operator/local/api-server/api-server.ts";
import { createServedDefinition } from "../../../operator/signals/served-definition.ts";
import { silentLog } from "../../../runtime/base/log.ts";
import { systemClock } from "../../../runtime/base/clock.ts";
import { olderDefinition } from "../../builders/older-definition.ts";
import { eventually } from "../../builders/operator-scene.ts";

test("tells the field that the served definition lacks, until that of this release is applied", async () => {
  const server = createApiServer({ clock: systemClock });
  const client = createClient({ transport: server, fieldManager: "test" });
  let changes = 0;
  const served = createServedDefinition({ client, log: silentLog, onChange: () => void (changes += 1) });
  served.look();
  await client.apply(resources.customResourceDefinitions, olderDefinition());
  const lacks = (wanted: string | undefined) =>
    eventually(
      () => {
        served.look();
        return served.lackingField;
      },
      (field) => field === wanted,
    );
  await lacks(".spec.suspend");
  await client.apply(resources.customResourceDefinitions, modelDeploymentDefinition, { force: true });
  await lacks(undefined);
  expect(changes).toBe(2);
  await server.close();
});
