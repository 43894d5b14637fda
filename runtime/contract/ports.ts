/** Ports of a runtime pod and of the gateway's shared ports. REST and gRPC are TensorFlow Serving's own. */
export const ports = {
  /** HTTP: TensorFlow Serving REST, Open Inference, KServe V1. */
  rest: 8501,
  /** gRPC: TensorFlow Serving, Open Inference, health, reflection. */
  grpc: 8500,
  /** `/healthz`, `/readyz`, `/metrics`, `/model`; never exposed by a Service. */
  admin: 8502,
  /** The operator's stream of route tables to gateways. */
  routes: 8503,
} as const;

/** The gateway listens on one port of this range per ModelDeployment; the operator assigns it (`status.gateway.port`). */
export const modelPortRange = { first: 20_000, last: 29_999 } as const;
