import type { Clock } from "../../runtime/base/clock.ts";
import type { Log } from "../../runtime/base/log.ts";
import { ports } from "../../runtime/contract/ports.ts";
import type { Evidence, Trial } from "../analysis/evidence.ts";
import type { Client } from "../kube/client.ts";
import type { Caches } from "../model-deployment/caches.ts";
import { deploymentKey } from "../model-deployment/resources/names.ts";
import { isPodReady } from "../model-deployment/snapshot.ts";
import type { SignalObservers } from "./signal-metrics.ts";
import type { GatewayAddress } from "./figures/gateway-pulls.ts";
import { createGatewayFigures, type GatewayFiguresSource } from "./gateway-figures.ts";
import { candidateTrial } from "./trials/candidate-trial.ts";
import { createTrialSource, type TrialSource } from "./trials.ts";

/** The parts that reach gateways and pods. */
export interface SignalSources {
  readonly figures?: GatewayFiguresSource;
  readonly trials?: TrialSource;
}

/** What signals are read from, and who is told of them. */
export interface SignalsOptions {
  readonly caches: Caches;
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** Absent: sockets. */
  readonly sources: SignalSources | undefined;
  /** Where gateways tell their figures. Default: where the contract says. */
  readonly gatewayAdminPort: number | undefined;
  readonly observers?: SignalObservers | undefined;
  /** Told of each change of a trial. */
  readonly onTrial: (key: string) => void;
}

/** What the planner and the autoscaler go by: figures of gateways, evidence about candidates, and the trial of each. */
export interface Signals {
  /** Absent where nothing reaches gateways. */
  readonly figures: GatewayFiguresSource | undefined;
  readonly evidence: (key: string, sinceMs: number) => Evidence | undefined;
  readonly trial: (key: string, hash: string) => Trial | undefined;
  start(): void;
  stop(): void;
}

/** Follows the caches: gateways are asked while they are ready, a ModelDeployment that is gone is forgotten. */
export function createSignals(options: SignalsOptions): Signals {
  const { caches, client, clock, log, observers, onTrial } = options;
  const gateways = (): readonly GatewayAddress[] => gatewayAddresses(caches, options.gatewayAdminPort ?? ports.admin);
  const { figures, trials } = options.sources ?? {
    figures: createGatewayFigures({ gateways, clock, log, onPull: observers?.figuresPull }),
    trials: createTrialSource({ client, clock, log }),
  };
  caches.deployments.cache.subscribe(({ object, type }) => {
    const key = deploymentKey(object.metadata.namespace ?? "", object.metadata.name);
    observers?.deployment(key, type === "removed" ? undefined : object);
    if (type !== "removed") return;
    figures?.forget(key);
    trials?.forget(key);
  });
  return {
    figures,
    evidence: (key, sinceMs) => figures?.evidence(key, sinceMs),
    trial: (key, hash) => trials && candidateTrial(key, hash, { caches, trials, onTrial }),
    start: () => figures?.start(),
    stop() {
      figures?.stop();
      trials?.stop();
    },
  };
}

function gatewayAddresses({ gateways }: Caches, port: number): readonly GatewayAddress[] {
  return gateways.cache.all().flatMap((pod) => {
    const host = pod.status?.podIP;
    return host !== undefined && isPodReady(pod) ? [{ pod: pod.metadata.name, host, port }] : [];
  });
}
