import { expect, test } from "vitest";
import { gatewayReplicaSet } from "../../../operator/local/gateway-manifest.ts";
import { gatewayOptions } from "../../../runtime/gateway/options.ts";

test("the gateway of local mode is found by its labels and understands its own arguments and environment", () => {
  const { metadata, spec } = gatewayReplicaSet({
    namespace: "modelwright-system",
    image: "localhost/runtime",
    restPort: 9501,
    grpcPort: 9500,
    adminPort: 9502,
    operatorUrl: "http://127.0.0.1:8503",
    logLevel: "warn",
  });
  expect(spec.template.metadata?.labels).toEqual({
    "app.kubernetes.io/name": "modelwright",
    "app.kubernetes.io/component": "gateway",
  });
  expect(metadata.namespace).toBe("modelwright-system");
  const [container] = spec.template.spec.containers;
  const env = Object.fromEntries(
    (container?.env ?? []).map(({ name, value, valueFrom }) => [name, value ?? valueFrom?.fieldRef?.fieldPath]),
  );
  const [program, ...args] = container?.args ?? [];
  expect(program).toBe("gateway");
  expect(gatewayOptions(args, env)).toEqual({
    host: "status.podIP",
    restPort: 9501,
    grpcPort: 9500,
    adminPort: 9502,
    gateway: "metadata.name",
    operatorUrls: ["http://127.0.0.1:8503"],
    drainDelayMs: 0,
    logLevel: "warn",
  });
});
