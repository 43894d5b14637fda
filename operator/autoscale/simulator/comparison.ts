import { hpa } from "../baselines/hpa.ts";
import { keda } from "../baselines/keda.ts";
import { kpa } from "../baselines/kpa.ts";
import { classKappa, type Policy } from "../policy.ts";
import { leadTime } from "./lead-time.ts";
import type { Outcome } from "./outcome.ts";
import { type Controller, type Setting, simulated } from "./simulation.ts";
import type { Trace } from "./trace.ts";

/** What one policy made of the trace. */
export interface Result {
  readonly name: string;
  /** Seconds of a replica that a late request is worth to our policy; undefined for the known ones. */
  readonly kappa: number | undefined;
  readonly outcome: Outcome;
}

/** Our classes and the known policies on one trace, and our policy over many worths of a late request. */
export interface Comparison {
  readonly classes: readonly Result[];
  readonly known: readonly Result[];
  /** From the cheapest to the most careful. */
  readonly curve: readonly Result[];
}

const curveKappas = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500] as const;

/** The known policies that can be compared with one of such a minimum: zero-capable ones with 0, the HPA from 1. */
export function knownPolicies(slots: number, { min, max }: { readonly min: number; readonly max: number }) {
  const zeroCapable: Readonly<Record<string, () => Controller>> = {
    KPA: () => kpa(slots, 0),
    "KPA + 300 s": () => kpa(slots, 300),
    KEDA: () => keda(slots, max),
    "HPA from 0": () => ({ ...hpa(slots, { min: 0, max }), wakes: true }),
  };
  const atLeastOne: Readonly<Record<string, () => Controller>> = { HPA: () => hpa(slots, { min, max }) };
  return min === 0 ? zeroCapable : atLeastOne;
}

/** GPU-seconds and, at `kappa` of them each, late requests. */
export function cost({ gpuSeconds, late }: Outcome, kappa: number): number {
  return gpuSeconds + kappa * late;
}

/** Late share times replica hours; a share below 0.05 % counts as that. */
export function lateHours({ latePercent, gpuHours }: Outcome): number {
  return Math.max(latePercent, 0.05) * gpuHours;
}

/** Runs the trace with everything there is to compare. */
export function comparison(trace: Trace, setting: Setting, policy: Policy): Comparison {
  const ours = (name: string, kappa: number): Result => ({
    name,
    kappa,
    outcome: simulated(trace, setting, leadTime({ ...policy, kappa })),
  });
  return {
    classes: Object.entries(classKappa).map(([name, kappa]) => ours(name, kappa)),
    known: Object.entries(knownPolicies(setting.slots, policy)).map(([name, made]) => ({
      name,
      kappa: undefined,
      outcome: simulated(trace, setting, made()),
    })),
    curve: curveKappas.map((kappa) => ours(`κ ${kappa}`, kappa)),
  };
}
