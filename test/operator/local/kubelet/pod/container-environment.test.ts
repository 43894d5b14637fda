import { describe, expect, test } from "vitest";
import type { EnvironmentVariable } from "../../../../../operator/kube/kinds/container.ts";
import {
  containerEnvironment,
  type EnvironmentContext,
  expanded,
} from "../../../../../operator/local/kubelet/pod/container-environment.ts";

const context: EnvironmentContext = {
  pod: {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "digits-x", namespace: "ml", uid: "u1", labels: { app: "digits" }, annotations: { a: "b" } },
    spec: {
      containers: [{ name: "side", resources: { limits: { cpu: "3" } } }],
      serviceAccountName: "digits",
    },
  },
  podAddress: "127.77.0.1",
  hostAddress: "127.0.0.1",
  nodeName: "local",
  allocatable: { cpu: "8", memory: "1Gi" },
  config: {
    contents: (kind, name) => {
      const all: Readonly<Record<string, Readonly<Record<string, string>>>> = {
        "Secret s": { token: "s3cret", "a=b": "no name" },
        "ConfigMap c": { proxy: "http://proxy:3128" },
      };
      const found = all[`${kind} ${name}`];
      return Promise.resolve(
        found && new Map(Object.entries(found).map(([key, text]) => [key, Buffer.from(text)] as const)),
      );
    },
  },
};

const resources = { limits: { cpu: "1500m" }, requests: { memory: "100Mi" } };

function field(fieldPath: string): Pick<EnvironmentVariable, "valueFrom"> {
  return { valueFrom: { fieldRef: { fieldPath } } };
}

function resource(name: string, more: object = {}): Pick<EnvironmentVariable, "valueFrom"> {
  return { valueFrom: { resourceFieldRef: { resource: name, ...more } } };
}

const cases: Record<string, { variable: Omit<EnvironmentVariable, "name">; want: string | undefined }> = {
  "a plain value": { variable: { value: "1" }, want: "1" },
  "no value at all is empty": { variable: {}, want: "" },
  "the pod's name": { variable: field("metadata.name"), want: "digits-x" },
  "the pod's namespace": { variable: field("metadata.namespace"), want: "ml" },
  "the pod's uid": { variable: field("metadata.uid"), want: "u1" },
  "a label": { variable: field("metadata.labels['app']"), want: "digits" },
  "an annotation": { variable: field("metadata.annotations['a']"), want: "b" },
  "a missing label is empty": { variable: field("metadata.labels['b']"), want: "" },
  "the node's name": { variable: field("spec.nodeName"), want: "local" },
  "the service account": { variable: field("spec.serviceAccountName"), want: "digits" },
  "the pod's address": { variable: field("status.podIP"), want: "127.77.0.1" },
  "the node's address": { variable: field("status.hostIP"), want: "127.0.0.1" },
  "a cpu limit is rounded up to whole cores": { variable: resource("limits.cpu"), want: "2" },
  "a cpu limit in thousandths": { variable: resource("limits.cpu", { divisor: "1m" }), want: "1500" },
  "a request in MiB": { variable: resource("requests.memory", { divisor: "1Mi" }), want: "100" },
  "no limit: what the node can allocate": { variable: resource("limits.memory"), want: "1073741824" },
  "no request: zero": { variable: resource("requests.cpu"), want: "0" },
  "another container's limit": { variable: resource("limits.cpu", { containerName: "side" }), want: "3" },
  "a secret": { variable: { valueFrom: { secretKeyRef: { name: "s", key: "token" } } }, want: "s3cret" },
  "a missing optional secret is omitted": {
    variable: { valueFrom: { secretKeyRef: { name: "s", key: "none", optional: true } } },
    want: undefined,
  },
  "a missing optional key is omitted": {
    variable: { valueFrom: { configMapKeyRef: { name: "c", key: "none", optional: true } } },
    want: undefined,
  },
  "a key of a ConfigMap": {
    variable: { valueFrom: { configMapKeyRef: { name: "c", key: "proxy" } } },
    want: "http://proxy:3128",
  },
};

describe("a container's variable", () => {
  test.each(Object.entries(cases))("%s", async (_sentence, { variable, want }) => {
    const container = { name: "serve", resources, env: [{ name: "X", ...variable }] };
    expect((await containerEnvironment(container, context))["X"]).toBe(want);
  });

  test("from a missing Secret is a CreateContainerConfigError", async () => {
    const env = [{ name: "X", valueFrom: { secretKeyRef: { name: "keys", key: "none" } } }];
    await expect(containerEnvironment({ name: "serve", env }, context)).rejects.toMatchObject({
      code: "CreateContainerConfigError",
      message: 'secret "keys" not found',
    });
  });

  test("from a missing key is a CreateContainerConfigError", async () => {
    const env = [{ name: "X", valueFrom: { configMapKeyRef: { name: "c", key: "none" } } }];
    await expect(containerEnvironment({ name: "serve", env }, context)).rejects.toMatchObject({
      code: "CreateContainerConfigError",
      message: "couldn't find key none in ConfigMap ml/c",
    });
  });

  test("overrides a variable of the same name from envFrom", async () => {
    const container = {
      name: "fetch",
      envFrom: [{ secretRef: { name: "s" } }],
      env: [{ name: "X", value: "$(token)" }],
    };
    expect(await containerEnvironment(container, context)).toEqual({ token: "s3cret", X: "s3cret" });
    const missing = { name: "fetch", envFrom: [{ secretRef: { name: "none" } }] };
    await expect(containerEnvironment(missing, context)).rejects.toMatchObject({ message: 'secret "none" not found' });
  });

  test("from an unknown field is a CreateContainerConfigError", async () => {
    const env = [{ name: "X", ...field("status.phase") }];
    await expect(containerEnvironment({ name: "serve", env }, context)).rejects.toMatchObject({
      code: "CreateContainerConfigError",
      message: "unsupported fieldPath: status.phase",
    });
  });

  test("may use earlier variables, and only those", async () => {
    const env = [
      { name: "A", value: "$(B)-$(A)" },
      { name: "B", value: "b" },
      { name: "C", value: "$(B)/$$(B)/$$$(B)/$B" },
    ];
    expect(await containerEnvironment({ name: "serve", env }, context)).toEqual({
      A: "$(B)-$(A)",
      B: "b",
      C: "b/$(B)/$b/$B",
    });
  });
});

test("references to unknown variables in an argument are kept", () => {
  expect(expanded("--x=$(X) $(Y) $", { X: "1" })).toBe("--x=1 $(Y) $");
});
