import { expect, test } from "vitest";

import type { ConfigMap } from "../../../operator/kube/kinds.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { type SuiteContext, configMap, type Deployed, modelDeployment, refusalOf } from "./suite-context.ts";

/** Server-side apply, of objects and of status. */
export function applySuite(context: SuiteContext): void {
  const { client, other } = context;
  const { configMaps, modelDeployments } = resources;

  test("creates an object that does not exist", async () => {
    const key = context.key();
    const applied = await client.apply(configMaps, configMap(key));
    expect(await client.get(configMaps, key)).toEqual(applied);
  });

  test("keeps other managers' fields and drops own fields that are no longer named", async () => {
    const key = context.key();
    await client.apply(configMaps, configMap(key, { ours: "1", gone: "1" }));
    await other.apply(configMaps, configMap(key, { theirs: "1" }));
    const applied = await client.apply(configMaps, configMap(key, { ours: "2" }));
    expect(applied.data).toEqual({ ours: "2", theirs: "1" });
  });

  test("of the same object changes nothing, not even the resourceVersion", async () => {
    const key = context.key();
    const first = await client.apply(configMaps, configMap(key));
    const second = await client.apply(configMaps, configMap(key));
    expect(second).toEqual(first);
  });

  test("of another manager's field is refused, naming field and manager", async () => {
    const key = context.key();
    await other.apply(configMaps, configMap(key, { a: "1" }));
    expect(await refusalOf(client.apply(configMaps, configMap(key, { a: "2" })), context)).toBe(
      `ApplyConflict: apply ConfigMap NAMESPACE/${key.name} was refused: .data.a: conflict with "somebody-else"`,
    );
    expect((await client.get<ConfigMap>(configMaps, key))?.data).toEqual({ a: "1" });
  });

  test("of another manager's field with the same value shares ownership", async () => {
    const key = context.key();
    await other.apply(configMaps, configMap(key, { a: "1" }));
    await client.apply(configMaps, configMap(key, { a: "1" }));
    expect(await refusalOf(other.apply(configMaps, configMap(key, { a: "2" })), context)).toContain("ApplyConflict");
  });

  test("with force takes ownership of the field", async () => {
    const key = context.key();
    await other.apply(configMaps, configMap(key, { a: "1" }));
    const forced = await client.apply(configMaps, configMap(key, { a: "2" }), { force: true });
    expect(forced.data).toEqual({ a: "2" });
    expect(await refusalOf(other.apply(configMaps, configMap(key, { a: "1" })), context)).toBe(
      `ApplyConflict: apply ConfigMap NAMESPACE/${key.name} was refused: .data.a: conflict with "conformance"`,
    );
  });

  test("of a field that a patch has set is refused, naming the patching manager", async () => {
    const key = context.key();
    await client.apply(configMaps, configMap(key, { a: "1" }));
    await other.mergePatch(configMaps, key, { data: { a: "9" } });
    expect(await refusalOf(client.apply(configMaps, configMap(key, { a: "1" })), context)).toMatch(
      new RegExp(
        `^ApplyConflict: apply ConfigMap NAMESPACE/${key.name} was refused: .data.a: conflict with "somebody-else" using v1$`,
      ),
    );
  });

  test("with the UID of a deleted object does not recreate it", async () => {
    const key = context.key();
    const { metadata } = await client.apply(configMaps, configMap(key));
    const { uid } = metadata;
    await client.remove(configMaps, key);
    expect(await refusalOf(client.apply(configMaps, configMap({ ...key, uid })), context)).toBe(
      `Conflict: apply ConfigMap NAMESPACE/${key.name} was refused: Operation cannot be fulfilled on configmaps "${key.name}": uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  });

  test("of status creates nothing", async () => {
    const key = context.key();
    const { spec: _none, ...status } = { ...modelDeployment(key), status: { observedGeneration: 1 } };
    expect(await refusalOf(client.applyStatus(modelDeployments, status), context)).toMatch(
      new RegExp(`^NotFound: apply status of ModelDeployment NAMESPACE/${key.name} was refused: `),
    );
  });

  test("of status leaves the spec alone and is owned separately", async () => {
    const key = context.key();
    const { apiVersion, kind, metadata } = modelDeployment(key);
    const { spec } = await client.apply(modelDeployments, modelDeployment(key));
    const status = { observedGeneration: 1 };
    const first = await client.applyStatus<Deployed>(modelDeployments, { apiVersion, kind, metadata, status });
    await client.apply(modelDeployments, modelDeployment(key));
    const after = await client.get<Deployed>(modelDeployments, key);
    expect({ spec: after?.spec, status: after?.status, generation: after?.metadata.generation }).toEqual({
      spec,
      status,
      generation: 1,
    });
    expect(first.metadata.resourceVersion).toBe(after?.metadata.resourceVersion);
  });

  test("of conditions merges them by type", async () => {
    const key = context.key();
    const { apiVersion, kind, metadata } = await client.apply(modelDeployments, modelDeployment(key));
    const at = "2030-01-01T00:00:00Z";
    const condition = (type: string, status: string): Deployed["status"] => ({
      conditions: [{ type, status, reason: "Tested", message: "as a test", lastTransitionTime: at }],
    });
    const { name, namespace } = metadata;
    const object = { apiVersion, kind, metadata: { name, namespace: namespace ?? "" } };
    await client.applyStatus<Deployed>(modelDeployments, { ...object, status: condition("Ready", "False") ?? {} });
    await other.applyStatus<Deployed>(modelDeployments, { ...object, status: condition("Valid", "True") ?? {} });
    const after = await client.applyStatus<Deployed>(modelDeployments, {
      ...object,
      status: condition("Ready", "True") ?? {},
    });
    expect(after.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      "Ready=True",
      "Valid=True",
    ]);
  });

  test("of an invalid object names the field", async () => {
    const key = context.key();
    expect(await refusalOf(client.apply(modelDeployments, modelDeployment(key, { replicas: -1 })), context)).toMatch(
      new RegExp(`^Invalid: apply ModelDeployment NAMESPACE/${key.name} was refused: .*spec\\.replicas`),
    );
  });
}
