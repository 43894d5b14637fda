import { expect, test } from "vitest";
import { podOfTemplate } from "../../../../../operator/local/controllers/replica-set/pod-of-template.ts";

function setNamed(name: string) {
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name, namespace: "ml", uid: "u", resourceVersion: "1" },
    spec: {
      selector: {},
      template: {
        metadata: { labels: { app: "digits" }, annotations: { a: "b" }, finalizers: ["example.com/hold"] },
        spec: { containers: [{ name: "serve" }] },
      },
    },
  };
}

test("a pod has the template's fields and its ReplicaSet as controller", () => {
  expect(podOfTemplate(setNamed("digits-3f2a"), () => 0)).toEqual({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "digits-3f2a-bbbbb",
      generateName: "digits-3f2a-",
      namespace: "ml",
      labels: { app: "digits" },
      annotations: { a: "b" },
      finalizers: ["example.com/hold"],
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: "digits-3f2a",
          uid: "u",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: { containers: [{ name: "serve" }] },
  });
});

test("a pod's name is a valid label, however long its ReplicaSet's name is", () => {
  const { name } = podOfTemplate(setNamed("x".repeat(200)), () => 0.999).metadata;
  expect(name).toBe(`${"x".repeat(58)}99999`);
});
