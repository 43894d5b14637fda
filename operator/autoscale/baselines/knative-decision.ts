/** Settings of the Knative pod autoscaler for one revision. */
export interface KnativeSpec {
  /** Load that one pod should carry. */
  readonly targetValue: number;
  /** Load that one pod can carry. */
  readonly totalValue: number;
  readonly targetBurstCapacity: number;
  /** Multiple of the ready pods at which panic mode starts. */
  readonly panicThreshold: number;
  readonly maxScaleUpRate: number;
  readonly maxScaleDownRate: number;
  readonly stableWindowSeconds: number;
  readonly scaleDownDelaySeconds: number;
  readonly activationScale: number;
  readonly reachable: boolean;
}

/** Knative's defaults, apart from the target. */
export const knativeDefaults = {
  targetBurstCapacity: 211,
  panicThreshold: 2,
  maxScaleUpRate: 1000,
  maxScaleDownRate: 2,
  stableWindowSeconds: 60,
  scaleDownDelaySeconds: 0,
  activationScale: 1,
  reachable: true,
} as const;

/** State between two decisions. */
export interface KnativeState {
  /** Second at which panic mode started or was last extended; undefined outside of it. */
  readonly panicAt: number | undefined;
  readonly mostPanicPods: number;
  /** Greatest answer of each tick of 2 s within the scale-down delay, the newest last. */
  readonly answers: readonly { readonly tick: number; readonly pods: number }[];
}

/** Input of one decision. */
export interface KnativeLoad {
  /** Seconds of a clock whose ticks are aligned to 0. */
  readonly at: number;
  readonly ready: number;
  /** Averages of the load over the stable and the panic window. */
  readonly stable: number;
  readonly panic: number;
}

/** Output of one decision. */
export interface KnativeAnswer {
  readonly desired: number;
  readonly excessBurstCapacity: number;
  readonly state: KnativeState;
}

/** Before the first tick: not in panic. */
export const initialKnativeState: KnativeState = { panicAt: undefined, mostPanicPods: 0, answers: [] };

const tickSeconds = 2;

/**
 * One decision of the Knative pod autoscaler (knative/serving, pkg/autoscaler/scaling/autoscaler.go, Scale), weaknesses
 * included: it is a baseline for ours.
 */
export function knativeDecision(spec: KnativeSpec, load: KnativeLoad, before: KnativeState): KnativeAnswer {
  const ready = Math.max(1, load.ready);
  const up = Math.ceil(spec.maxScaleUpRate * ready);
  const down = spec.reachable ? Math.floor(ready / spec.maxScaleDownRate) : 0;
  const held = (pods: number): number => {
    const bounded = Math.min(Math.max(pods, down), up);
    return spec.activationScale > 1 && pods > 0 ? Math.max(bounded, spec.activationScale) : bounded;
  };
  const forPanic = Math.ceil(load.panic / spec.targetValue);
  const stable = held(Math.ceil(load.stable / spec.targetValue));
  const panicAt = panicMoment(spec, load.at, {
    isOver: forPanic / ready >= spec.panicThreshold,
    before: before.panicAt,
  });
  const mostPanicPods = panicAt === undefined ? 0 : Math.max(before.mostPanicPods, stable, held(forPanic));
  const answers = delayed(spec, before.answers, load.at, panicAt === undefined ? stable : mostPanicPods);
  return {
    desired: Math.max(...answers.map(({ pods }) => pods)),
    excessBurstCapacity: excess(spec, load),
    state: { panicAt, mostPanicPods, answers },
  };
}

function panicMoment(
  spec: KnativeSpec,
  at: number,
  { isOver, before }: { readonly isOver: boolean; readonly before: number | undefined },
): number | undefined {
  if (isOver) return at;
  return before !== undefined && before + spec.stableWindowSeconds < at ? undefined : before;
}

/** The answers within the scale-down delay, with the new one; without a delay only the new one. */
function delayed(
  { scaleDownDelaySeconds, reachable }: KnativeSpec,
  answers: KnativeState["answers"],
  at: number,
  pods: number,
): KnativeState["answers"] {
  const tick = Math.floor(at / tickSeconds);
  if (scaleDownDelaySeconds === 0 || !reachable) return [{ tick, pods }];
  const oldest = tick - Math.ceil(scaleDownDelaySeconds / tickSeconds);
  // An older answer that is not greater can never be the greatest again.
  const greater = answers.filter((answer) => answer.tick > oldest && answer.pods > pods);
  return [...greater, { tick, pods }];
}

function excess({ targetBurstCapacity, totalValue }: KnativeSpec, { ready, panic }: KnativeLoad): number {
  if (targetBurstCapacity === 0) return 0;
  return targetBurstCapacity < 0 ? -1 : Math.floor(ready * totalValue - targetBurstCapacity - panic);
}
