import { expect, test } from "vitest";

import { at, configMap, configMaps, createScene, type Scene } from "./scene.ts";

const owner = { apiVersion: "v1", kind: "ConfigMap", name: "owner" };

async function family(scene: Scene, more: object = {}): Promise<void> {
  const created = await scene.request("POST", configMaps, configMap("owner"));
  const uid = at(created, "metadata.uid");
  await scene.request("POST", configMaps, configMap("child", { ownerReferences: [{ ...owner, uid, ...more }] }));
}

async function names({ request }: Scene): Promise<unknown> {
  const { items } = await request("GET", configMaps);
  return Array.isArray(items) ? items.map((item) => at(item, "metadata.name")) : items;
}

test("background deletion removes the owner first, its dependents one step later", async () => {
  const scene = createScene();
  await family(scene);
  await scene.request("DELETE", `${configMaps}/owner`, { propagationPolicy: "Background" });
  expect(await names(scene)).toEqual(["child"]);
  expect(scene.server.garbage.step()).toBe(true);
  expect(await names(scene)).toEqual([]);
});

test("foreground deletion keeps the owner until its blocking dependents are gone", async () => {
  const scene = createScene();
  await family(scene, { blockOwnerDeletion: true });
  await scene.request(
    "PATCH",
    `${configMaps}/child`,
    { metadata: { finalizers: ["example.test/hold"] } },
    "application/merge-patch+json",
  );
  const answer = await scene.request("DELETE", `${configMaps}/owner`, { propagationPolicy: "Foreground" });
  expect(at(answer, "metadata.finalizers")).toEqual(["foregroundDeletion"]);
  scene.server.garbage.settle();
  expect(await names(scene)).toEqual(["child", "owner"]);
  await scene.request(
    "PATCH",
    `${configMaps}/child`,
    { metadata: { finalizers: null } },
    "application/merge-patch+json",
  );
  scene.server.garbage.settle();
  expect(await names(scene)).toEqual([]);
});

test("orphaned dependents lose the owner reference and stay", async () => {
  const scene = createScene();
  await family(scene);
  await scene.request("DELETE", `${configMaps}/owner`, { propagationPolicy: "Orphan" });
  scene.server.garbage.settle();
  const child = await scene.request("GET", `${configMaps}/child`);
  expect(await names(scene)).toEqual(["child"]);
  expect(at(child, "metadata.ownerReferences")).toBe(undefined);
});

test("an object whose owner never existed is collected", async () => {
  const scene = createScene();
  await scene.request("POST", configMaps, configMap("child", { ownerReferences: [{ ...owner, uid: "nobody" }] }));
  scene.server.garbage.settle();
  expect(await names(scene)).toEqual([]);
});

test("an object with another living owner loses only the reference to the deleted one", async () => {
  const scene = createScene();
  const first = await scene.request("POST", configMaps, configMap("owner"));
  const second = await scene.request("POST", configMaps, configMap("other"));
  const references = [first, second].map((one) => ({
    ...owner,
    name: at(one, "metadata.name"),
    uid: at(one, "metadata.uid"),
  }));
  await scene.request("POST", configMaps, configMap("child", { ownerReferences: references }));
  await scene.request("DELETE", `${configMaps}/owner`);
  scene.server.garbage.settle();
  const child = await scene.request("GET", `${configMaps}/child`);
  expect(at(child, "metadata.ownerReferences")).toEqual(references.slice(1));
});

test("with a clock, garbage is collected by itself", async () => {
  const scene = createScene({ collection: "automatic" });
  await family(scene);
  await scene.request("DELETE", `${configMaps}/owner`);
  await scene.clock.advance(1);
  expect(await names(scene)).toEqual([]);
});

test("a namespace is deleted with its contents, and refuses new objects meanwhile", async () => {
  const scene = createScene();
  const path = "/api/v1/namespaces/team/configmaps";
  await scene.request("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "team" },
  });
  await scene.request("POST", path, configMap("a", { finalizers: ["example.test/hold"] }));
  const answer = await scene.request("DELETE", "/api/v1/namespaces/team");
  expect(at(answer, "status.phase")).toBe("Terminating");
  const refused = await scene.request("POST", path, configMap("b"));
  expect(at(refused, "message")).toBe(
    'configmaps "b" is forbidden: unable to create new content in namespace team because it is being terminated',
  );
  expect(at(refused, "details.causes")).toEqual([
    { reason: "NamespaceTerminating", message: "namespace team is being terminated", field: "metadata.namespace" },
  ]);
  scene.server.garbage.settle();
  expect(at(await scene.request("GET", "/api/v1/namespaces/team"), "status.phase")).toBe("Terminating");
  await scene.request("PATCH", `${path}/a`, { metadata: { finalizers: null } }, "application/merge-patch+json");
  scene.server.garbage.settle();
  expect(at(await scene.request("GET", "/api/v1/namespaces/team"), "message")).toBe('namespaces "team" not found');
});

test("a pod that runs waits for its kubelet", async () => {
  const scene = createScene();
  const pods = "/api/v1/namespaces/default/pods";
  const spec = { nodeName: "n", containers: [{ name: "c", image: "example.test/a" }] };
  await scene.request("POST", pods, { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec });
  const answer = await scene.request("DELETE", `${pods}/p`);
  expect([at(answer, "metadata.deletionTimestamp"), at(answer, "metadata.deletionGracePeriodSeconds")]).toEqual([
    "2030-01-01T00:00:30Z",
    30,
  ]);
  await scene.request("DELETE", `${pods}/p`, { gracePeriodSeconds: 0 });
  expect(at(await scene.request("GET", `${pods}/p`), "code")).toBe(404);
});
