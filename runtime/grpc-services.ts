import type { ServingMetrics } from "./metrics/serving-metrics.ts";
import type { Clock } from "./base/clock.ts";
import { grpcHealth } from "./protocols/grpc-health/grpc-health.ts";
import type { ServerIdentity } from "./protocols/open-inference/models/metadata.ts";
import { grpcReflection } from "./protocols/grpc-reflection/grpc-reflection.ts";
import { inferenceService } from "./protocols/open-inference/rpc/inference-service.ts";
import type { Models } from "./protocols/protocol.ts";
import type { RpcService } from "./protocols/rpc.ts";
import { modelService } from "./protocols/tensorflow-serving/rpc/model-service.ts";
import { predictionService } from "./protocols/tensorflow-serving/rpc/prediction-service.ts";

/** What the services of the gRPC port depend on. */
export interface GrpcParts {
  readonly models: Models;
  readonly instrumented: ServingMetrics["instrumented"];
  readonly server: ServerIdentity;
  readonly isDraining: () => boolean;
  readonly clock: Clock;
}

/** All services of the gRPC port. */
export function grpcServices({ models, instrumented, server, isDraining, clock }: GrpcParts): readonly RpcService[] {
  const protocols = [
    predictionService(instrumented(models, "tensorflow-serving-grpc")),
    modelService(models),
    inferenceService(instrumented(models, "open-inference-grpc"), server),
  ];
  const services = protocols.map(({ name }) => name);
  const all = [...protocols, grpcHealth({ models, services, isDraining, clock })];
  return [...all, ...grpcReflection(all)];
}
