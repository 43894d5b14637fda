import { type Allocation, allocations, type DeviceRequest } from "../autoscale/device-allocation.ts";

/** What a model asks of the devices of one kind. */
export interface PoolClaim extends Omit<DeviceRequest, "heldSeconds"> {
  /** Which devices: the resource's name and the products that will do. */
  readonly pool: string;
  /** Replicas that no node has room for because there are too few devices. */
  readonly unplaced: number;
}

/** Kinds of devices of which there are not enough for every model. */
export interface DevicePools {
  /** What each model of a short pool gets; a model that is not in it gets what it wants. */
  share(claims: readonly PoolClaim[], nowMs: number): ReadonlyMap<string, Allocation>;
}

/**
 * A pool is short while a pod finds no device in it, and for so long after: what was given back would at once be asked for
 * again otherwise, and nobody tells that a node has come but the scheduler.
 */
const shortForMs = 120_000;

interface Short {
  untilMs: number;
  devices: number;
  /** Since when each model holds what others wanted too. */
  readonly heldSince: Map<string, number>;
}

/** Pools of which nothing is known to be short. */
export function createDevicePools(): DevicePools {
  const short = new Map<string, Short>();
  return {
    share(claims, nowMs) {
      const given = new Map<string, Allocation>();
      for (const [pool, members] of Map.groupBy(claims, (claim) => claim.pool)) {
        const state = shortness(short, pool, members, nowMs);
        if (state === undefined) continue;
        const shared = allocations(
          members.map((claim) => ({ ...claim, heldSeconds: heldSeconds(state, claim.key, nowMs) })),
          state.devices,
        );
        for (const [key, allocation] of shared) {
          if (allocation.replicas === 0) state.heldSince.delete(key);
          else if (!state.heldSince.has(key)) state.heldSince.set(key, nowMs);
          given.set(key, allocation);
        }
      }
      return given;
    },
  };
}

/** Devices are counted by the pods that have them: of those that were freed since, the greatest number is remembered. */
function shortness(
  short: Map<string, Short>,
  pool: string,
  members: readonly PoolClaim[],
  nowMs: number,
): Short | undefined {
  const isShort = members.some(({ unplaced }) => unplaced > 0);
  const inUse = members.reduce((sum, { placed, devices }) => sum + placed * devices, 0);
  const known = short.get(pool);
  if (known === undefined && !isShort) return undefined;
  const state = known ?? { untilMs: 0, devices: inUse, heldSince: new Map<string, number>() };
  if (isShort) state.untilMs = nowMs + shortForMs;
  if (nowMs >= state.untilMs) {
    short.delete(pool);
    return undefined;
  }
  state.devices = Math.max(state.devices, inUse);
  short.set(pool, state);
  return state;
}

function heldSeconds({ heldSince }: Short, key: string, nowMs: number): number | undefined {
  const since = heldSince.get(key);
  return since === undefined ? undefined : (nowMs - since) / 1000;
}
