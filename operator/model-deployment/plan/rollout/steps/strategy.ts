import { durationMs } from "../../../../../crds/schema/grammar/duration.ts";
import type { ModelDeploymentSpec } from "../../../../../crds/v1alpha1/model-deployment.ts";
import type { StepSpec } from "../../../../../crds/v1alpha1/rollout/rollout.ts";

/** One step on a candidate's way. */
export type Step =
  /** It gets this share of the requests, in percent. */
  | { readonly kind: "setWeight"; readonly weight: number }
  /** Waits so long; without a duration for a command. */
  | { readonly kind: "pause"; readonly durationMs?: number | undefined }
  /** Is compared for at least so long, until there is a verdict. */
  | { readonly kind: "analyze"; readonly durationMs: number; readonly minimumRequests?: number | undefined };

/** How a candidate takes over. After the last step it gets everything. */
export interface Strategy {
  readonly name: "Canary" | "BlueGreen" | "Recreate";
  readonly steps: readonly Step[];
}

/** `spec.rollout` where the spec is silent; crds/v1alpha1/rollout promises these. */
const assumed = { analyze: "1m", deadline: "10m", scaleDownDelay: "30s" } as const;

/** The strategy of a spec. Without one everything is replaced at once, as soon as the candidate could carry everything. */
export function strategy({ rollout = {} }: ModelDeploymentSpec): Strategy {
  if (rollout.recreate !== undefined) return { name: "Recreate", steps: [] };
  if (rollout.blueGreen !== undefined) return blueGreen(rollout.blueGreen.autoPromote ?? true);
  return { name: "Canary", steps: (rollout.canary?.steps ?? []).map(step) };
}

/** True when a spec says how a revision takes over. */
export function isStrategyDeclared({ rollout = {} }: ModelDeploymentSpec): boolean {
  return [rollout.canary, rollout.blueGreen, rollout.recreate].some((declared) => declared !== undefined);
}

/** With the candidate complete and no request sent to it there is something to look at before the switch. */
function blueGreen(isAutomatic: boolean): Strategy {
  return { name: "BlueGreen", steps: isAutomatic ? [] : [{ kind: "setWeight", weight: 0 }, { kind: "pause" }] };
}

function step({ setWeight, pause, analyze }: StepSpec): Step {
  if (setWeight !== undefined) return { kind: "setWeight", weight: setWeight };
  if (analyze !== undefined) {
    const { duration = assumed.analyze, minimumRequests } = analyze;
    return { kind: "analyze", durationMs: durationMs(duration), minimumRequests };
  }
  return { kind: "pause", durationMs: pause?.duration === undefined ? undefined : durationMs(pause.duration) };
}

/** The step as users write it: `setWeight 10`, `pause 5m`, `analyze 1m`. */
export function stepName(step: Step): string {
  if (step.kind === "setWeight") return `setWeight ${step.weight}`;
  return step.durationMs === undefined ? step.kind : `${step.kind} ${spelledDuration(step.durationMs)}`;
}

/** How long a candidate may take to get its pods ready. */
export function deadlineMs({ rollout }: ModelDeploymentSpec): number {
  return durationMs(rollout?.progressDeadline ?? assumed.deadline);
}

/** How long pods of a revision that was replaced stay, for a quick way back. */
export function scaleDownDelayMs({ rollout }: ModelDeploymentSpec): number {
  if (rollout?.blueGreen === undefined) return 0;
  return durationMs(rollout.blueGreen.scaleDownDelay ?? assumed.scaleDownDelay);
}

/** A duration in the API's own grammar: `1h30m`, `90s`. */
export function spelledDuration(ms: number): string {
  const parts = [
    [Math.floor(ms / 3_600_000), "h"],
    [Math.floor(ms / 60_000) % 60, "m"],
    [(ms % 60_000) / 1_000, "s"],
  ] as const;
  const spelled = parts.filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount}${unit}`);
  return spelled.length === 0 ? "0s" : spelled.join("");
}
