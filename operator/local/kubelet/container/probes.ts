import type { Clock } from "../../../../runtime/base/clock.ts";
import type { Container, Probe } from "../../../kube/kinds/container.ts";
import { attemptProbe } from "./probe.ts";
import { probeLoop, type ProbeLoopOptions } from "./probe-loop.ts";

/** Options of `runProbes`. */
export interface ProbesOptions {
  readonly container: Container;
  readonly address: string;
  readonly clock: Clock;
  /** Aborts when the container has ended. */
  readonly running: AbortSignal;
  /** Aborts when the container is asked to stop: then only the readiness probe goes on. */
  readonly stopping: AbortSignal;
  readonly onChange: (change: { ready?: boolean; started?: boolean }) => void;
  readonly onUnhealthy: (message: string) => void;
  /** Called when a probe fails for good and the container must be killed. */
  readonly onDead: (kind: "liveness" | "startup") => void;
}

/** Probes one run of a container: startup first, then readiness and liveness concurrently. Resolves when the run has ended. */
export async function runProbes(options: ProbesOptions): Promise<void> {
  const { container, onChange, onDead, running } = options;
  const untilStopping = AbortSignal.any([running, options.stopping]);
  if (container.startupProbe !== undefined) {
    let started = false;
    await probeLoop({
      ...loopOptions(options, container.startupProbe, "Startup"),
      signal: untilStopping,
      initially: undefined,
      retriesFast: true,
      onVerdict: (passing) => {
        started = passing;
        if (!passing) onDead("startup");
        return true;
      },
    });
    if (!started) return;
  }
  if (running.aborted) return;
  onChange({ started: true, ...(container.readinessProbe === undefined ? { ready: true } : {}) });
  await Promise.all([readinessLoop(options, running), livenessLoop(options, untilStopping)]);
}

async function readinessLoop(options: ProbesOptions, signal: AbortSignal): Promise<void> {
  const { readinessProbe } = options.container;
  if (readinessProbe === undefined) return;
  await probeLoop({
    ...loopOptions(options, readinessProbe, "Readiness"),
    signal,
    initially: false,
    retriesFast: true,
    onVerdict: (ready) => {
      options.onChange({ ready });
      return false;
    },
  });
}

async function livenessLoop(options: ProbesOptions, signal: AbortSignal): Promise<void> {
  const { livenessProbe } = options.container;
  if (livenessProbe === undefined) return;
  await probeLoop({
    ...loopOptions(options, livenessProbe, "Liveness"),
    signal,
    initially: true,
    retriesFast: false,
    onVerdict: () => {
      options.onDead("liveness");
      return true;
    },
  });
}

function loopOptions(
  { container, address, clock, onUnhealthy }: ProbesOptions,
  probe: Probe,
  kind: "Startup" | "Readiness" | "Liveness",
): Pick<ProbeLoopOptions, "probe" | "clock" | "attempt" | "onFailure"> {
  return {
    probe,
    clock,
    attempt: (signal) => attemptProbe(probe, { address, container }, signal),
    onFailure: (message) => onUnhealthy(`${kind} probe failed: ${message}`),
  };
}
