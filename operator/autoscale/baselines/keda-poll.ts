/** Input of one KEDA poll of a ScaledObject; absent settings are null. */
export interface KedaPoll {
  readonly triggersActive: boolean;
  readonly triggerError: boolean;
  readonly forceActivation: boolean;
  readonly currentReplicas: number;
  readonly minReplicaCount: number | null;
  readonly idleReplicaCount: number | null;
  readonly cooldownPeriod: number | null;
  readonly initialCooldownPeriod: number | null;
  readonly lastActiveSecondsAgo: number | null;
  readonly createdSecondsAgo: number | null;
  readonly paused: boolean;
  readonly pausedScaleIn: boolean;
  readonly pausedScaleOut: boolean;
}

/** cooldownPeriod, in seconds, when it is not set. */
const kedaCooldownSeconds = 300;

/**
 * The count that KEDA itself sets at one poll; null when it leaves the count to the HPA (kedacore/keda,
 * pkg/scaling/executor/scale_scaledobjects.go, RequestScale). After the cooldown it goes from any count straight to 0.
 */
export function kedaReplicas(poll: KedaPoll): number | null {
  if (poll.paused) return null;
  return poll.triggersActive || poll.forceActivation ? activeReplicas(poll) : inactiveReplicas(poll);
}

function activeReplicas({
  currentReplicas,
  minReplicaCount,
  idleReplicaCount,
  pausedScaleOut,
}: KedaPoll): number | null {
  const min = minReplicaCount ?? 0;
  const isIdle = currentReplicas === 0 || (idleReplicaCount !== null && currentReplicas < min);
  return isIdle && !pausedScaleOut ? Math.max(1, min) : null;
}

function inactiveReplicas(poll: KedaPoll): number | null {
  const { currentReplicas, idleReplicaCount, pausedScaleIn, pausedScaleOut } = poll;
  if (poll.triggerError) return null;
  const min = poll.minReplicaCount ?? 0;
  const rest = idleReplicaCount ?? min;
  const canRest = idleReplicaCount === null ? min === 0 && currentReplicas > 0 : currentReplicas > idleReplicaCount;
  if (canRest) return isCooledDown(poll) && !pausedScaleIn ? rest : null;
  return idleReplicaCount === null && currentReplicas < min && !pausedScaleOut ? min : null;
}

function isCooledDown({ lastActiveSecondsAgo, createdSecondsAgo, ...poll }: KedaPoll): boolean {
  if (lastActiveSecondsAgo !== null) return lastActiveSecondsAgo > (poll.cooldownPeriod ?? kedaCooldownSeconds);
  const initialSeconds = poll.initialCooldownPeriod ?? 0;
  return createdSecondsAgo === null || createdSecondsAgo > initialSeconds;
}
