/** One scaling policy of an HPA: how much the count may change within a period. */
export interface HpaPolicy {
  readonly type: "Pods" | "Percent";
  readonly value: number;
  readonly periodSeconds: number;
}

/** `spec.behavior.scaleUp` or `.scaleDown` of autoscaling/v2. */
export interface HpaRules {
  readonly policies: readonly HpaPolicy[];
  readonly selectPolicy: "Max" | "Min" | "Disabled";
  readonly stabilizationWindowSeconds: number;
}

/** `spec.behavior` of autoscaling/v2, defaults filled in. */
export interface HpaBehavior {
  readonly scaleUp: HpaRules;
  readonly scaleDown: HpaRules;
}

/** A past change of the count; positive in both directions. */
export interface HpaEvent {
  readonly change: number;
  readonly ageSeconds: number;
}

/** A past recommendation, as stabilization windows use them. */
export interface HpaRecommendation {
  readonly replicas: number;
  readonly ageSeconds: number;
}

/** Past changes up and down. */
export interface HpaEvents {
  readonly up: readonly HpaEvent[];
  readonly down: readonly HpaEvent[];
}

/** minReplicas and maxReplicas. */
export interface HpaBounds {
  readonly min: number;
  readonly max: number;
}

/** `behavior` of an HPA that sets none (autoscaling/v2 defaults). */
export const hpaDefaultBehavior: HpaBehavior = {
  scaleUp: {
    policies: [
      { type: "Pods", value: 4, periodSeconds: 15 },
      { type: "Percent", value: 100, periodSeconds: 15 },
    ],
    selectPolicy: "Max",
    stabilizationWindowSeconds: 0,
  },
  scaleDown: {
    policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
    selectPolicy: "Max",
    stabilizationWindowSeconds: 300,
  },
};

/** The count after the stabilization windows (kubernetes, podautoscaler/horizontal.go, stabilizeRecommendationWithBehaviors). */
export function stabilized(
  behavior: HpaBehavior,
  current: number,
  desired: number,
  past: readonly HpaRecommendation[],
): number {
  const within = (rules: HpaRules): readonly number[] =>
    past.filter(({ ageSeconds }) => ageSeconds < rules.stabilizationWindowSeconds).map(({ replicas }) => replicas);
  const low = Math.min(desired, ...within(behavior.scaleUp));
  const high = Math.max(desired, ...within(behavior.scaleDown));
  return Math.min(Math.max(current, low), high);
}

/** The highest count that the policies allow now. */
export function upLimit({ selectPolicy, policies }: HpaRules, current: number, events: HpaEvents): number {
  return selected(selectPolicy === "Max", { selectPolicy, policies }, current, (policy) => {
    const start = startOf(policy, current, events);
    return policy.type === "Pods" ? start + policy.value : Math.ceil(start * (1 + policy.value / 100));
  });
}

/** The lowest count that the policies allow now. */
export function downLimit({ selectPolicy, policies }: HpaRules, current: number, events: HpaEvents): number {
  return selected(selectPolicy === "Min", { selectPolicy, policies }, current, (policy) => {
    const start = startOf(policy, current, events);
    return policy.type === "Pods" ? start - policy.value : Math.trunc(start * (1 - policy.value / 100));
  });
}

/** The count after the policies and the bounds. */
export function rated(
  behavior: HpaBehavior,
  { min, max }: HpaBounds,
  events: HpaEvents,
  { current, desired }: { readonly current: number; readonly desired: number },
): number {
  if (desired > current) return Math.min(desired, max, Math.max(current, upLimit(behavior.scaleUp, current, events)));
  if (desired < current) {
    return Math.max(desired, min, Math.min(current, downLimit(behavior.scaleDown, current, events)));
  }
  return Math.min(Math.max(desired, min), max);
}

/**
 * The events with one more. It replaces an event that is older than every period of the rules, so the list is not in order of
 * time: that is how the HPA does it.
 */
export function recorded(rules: HpaRules, events: readonly HpaEvent[], change: number): readonly HpaEvent[] {
  const longestSeconds = Math.max(0, ...rules.policies.map(({ periodSeconds }) => periodSeconds));
  const outdated = events.findLastIndex(({ ageSeconds }) => ageSeconds >= longestSeconds);
  const event = { change, ageSeconds: 0 };
  return outdated === -1 ? [...events, event] : events.with(outdated, event);
}

function selected(
  isGreatest: boolean,
  { selectPolicy, policies }: Pick<HpaRules, "selectPolicy" | "policies">,
  current: number,
  limit: (policy: HpaPolicy) => number,
): number {
  if (selectPolicy === "Disabled") return current;
  const limits = policies.map(limit);
  return isGreatest ? Math.max(...limits) : Math.min(...limits);
}

/** The count at the start of a policy's period. */
function startOf({ periodSeconds }: HpaPolicy, current: number, { up, down }: HpaEvents): number {
  const changed = (events: readonly HpaEvent[]): number =>
    events.filter(({ ageSeconds }) => ageSeconds < periodSeconds).reduce((sum, { change }) => sum + change, 0);
  return current - changed(up) + changed(down);
}
