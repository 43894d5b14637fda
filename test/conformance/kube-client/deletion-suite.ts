import { expect, test } from "vitest";

import type { ConfigMap, OwnerReference } from "../../../operator/kube/kinds.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { type SuiteContext, configMap, eventually, refusalOf } from "./suite-context.ts";

/** Deletion with preconditions, finalizers and propagation to owned objects. */
export function deletionSuite(context: SuiteContext): void {
  const { client } = context;
  const { configMaps } = resources;

  test("remove returns whether the object existed", async () => {
    const key = context.key();
    await client.create(configMaps, configMap(key));
    const answers = [await client.remove(configMaps, key), await client.remove(configMaps, key)];
    expect({ answers, after: await client.get(configMaps, key) }).toEqual({ answers: [true, false], after: undefined });
  });

  test("remove with another object's UID is refused", async () => {
    const key = context.key();
    const { metadata } = await client.create(configMaps, configMap(key));
    const preconditions = { uid: "00000000-0000-4000-8000-000000000000" };
    expect(await refusalOf(client.remove(configMaps, key, { preconditions }), context)).toBe(
      `Conflict: delete ConfigMap NAMESPACE/${key.name} was refused: Operation cannot be fulfilled on ConfigMap "${key.name}": the UID in the precondition (00000000-0000-4000-8000-000000000000) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  });

  test("remove with an old resourceVersion is refused", async () => {
    const key = context.key();
    const { metadata } = await client.create(configMaps, configMap(key));
    const { uid, resourceVersion } = metadata;
    const later = await client.mergePatch<ConfigMap>(configMaps, key, { data: { a: "2" } });
    expect(await refusalOf(client.remove(configMaps, key, { preconditions: { uid, resourceVersion } }), context)).toBe(
      `Conflict: delete ConfigMap NAMESPACE/${key.name} was refused: Operation cannot be fulfilled on ConfigMap "${key.name}": the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${later.metadata.resourceVersion}). The object might have been modified`,
    );
    const preconditions = { uid, resourceVersion: later.metadata.resourceVersion };
    expect(await client.remove(configMaps, key, { preconditions })).toBe(true);
  });

  test("an object with a finalizer exists until the finalizer is removed", async () => {
    const key = context.key();
    await client.create(configMaps, configMap({ ...key, finalizers: ["modelwright.dev/test"] }));
    expect(await client.remove(configMaps, key)).toBe(true);
    const terminating = await client.get(configMaps, key);
    expect([typeof terminating?.metadata.deletionTimestamp, terminating?.metadata.finalizers]).toEqual([
      "string",
      ["modelwright.dev/test"],
    ]);
    await client.mergePatch(configMaps, key, { metadata: { finalizers: null } });
    expect(await client.get(configMaps, key)).toBeUndefined();
  });

  /** An owner and an object that it owns. */
  async function ownerAndOwned(references: Partial<OwnerReference> = {}) {
    const owner = context.key();
    const owned = context.key();
    const { metadata } = await client.create(configMaps, configMap(owner));
    const reference = { apiVersion: "v1", kind: "ConfigMap", name: owner.name, uid: metadata.uid, ...references };
    await client.create(configMaps, configMap({ ...owned, ownerReferences: [reference] }));
    return { owner, owned };
  }

  test("in the background removes the owner at once and then what it owns", async () => {
    const { owner, owned } = await ownerAndOwned();
    await client.remove(configMaps, owner, { propagationPolicy: "Background" });
    expect(await client.get(configMaps, owner)).toBeUndefined();
    await eventually(async () => expect(await client.get(configMaps, owned)).toBeUndefined());
  });

  test("in the foreground keeps the owner until blocking dependents are gone", async () => {
    const { owner, owned } = await ownerAndOwned({ blockOwnerDeletion: true });
    await client.mergePatch(configMaps, owned, { metadata: { finalizers: ["modelwright.dev/test"] } });
    await client.remove(configMaps, owner, { propagationPolicy: "Foreground" });
    await eventually(async () =>
      expect((await client.get(configMaps, owned))?.metadata.deletionTimestamp).toBeTypeOf("string"),
    );
    expect((await client.get(configMaps, owner))?.metadata.finalizers).toEqual(["foregroundDeletion"]);
    await client.mergePatch(configMaps, owned, { metadata: { finalizers: null } });
    await eventually(async () => expect(await client.get(configMaps, owner)).toBeUndefined());
  });

  test("with Orphan keeps dependents, without the owner reference", async () => {
    const { owner, owned } = await ownerAndOwned();
    await client.remove(configMaps, owner, { propagationPolicy: "Orphan" });
    await eventually(async () => expect(await client.get(configMaps, owner)).toBeUndefined());
    expect((await client.get(configMaps, owned))?.metadata.ownerReferences ?? []).toEqual([]);
  });

  test("an object whose owner never existed is removed", async () => {
    const owned = context.key();
    const reference = {
      apiVersion: "v1",
      kind: "ConfigMap",
      name: "never",
      uid: "00000000-0000-4000-8000-000000000001",
    };
    await client.create(configMaps, configMap({ ...owned, ownerReferences: [reference] }));
    await eventually(async () => expect(await client.get(configMaps, owned)).toBeUndefined());
  });
}
