import type { Fault } from "../../../runtime/base/fault.ts";
import { modelPortRange } from "../../../runtime/contract/ports.ts";
import { deploymentFaults } from "../faults.ts";
import { revisionOf, type Snapshot } from "../snapshot.ts";
import type { Plan } from "./action.ts";
import { accountActions, serviceActions } from "./children.ts";
import { diagnosis, isLackOfRoom, loadGraceMs, unschedulableGraceMs } from "./diagnosis.ts";
import { gatewayPort } from "./gateway-port.ts";
import { hold } from "./holds.ts";
import { routeActions, routeFaults } from "./http-route.ts";
import { replicaPlan } from "./replicas/replica-plan.ts";
import type { Turn } from "./rollout/moves.ts";
import { turn } from "./rollout/turn.ts";
import { shares } from "./traffic.ts";

/** How often objects that stand in the way and do not belong to us are looked at again: nothing tells when they go. */
const foreignRecheckMs = 30_000;

/** Everything known becomes everything that is to be done now. Pure: no clock, no I/O, no log. */
export function plan(snapshot: Snapshot): Plan {
  if (snapshot.identity.heldBy !== undefined) return lastPlan(snapshot);
  const { identity, status } = snapshot;
  const port = gatewayPort(identity, status.gateway?.port, snapshot.ports);
  const made = turn(snapshot);
  const { state, moves } = made;
  const replicas = replicaPlan(snapshot, made);
  const held = hold(snapshot, made, replicas.draining);
  const recheckAfterMs = soonest([
    made.recheckAfterMs,
    replicas.recheckAfterMs,
    snapshot.foreign.length > 0 ? foreignRecheckMs : undefined,
    held?.reason === "WaitingForCapacity" ? unschedulableGraceMs : undefined,
    held?.reason === "Loading" ? loadGraceMs : undefined,
  ]);
  return {
    actions: [
      ...accountActions(snapshot),
      ...replicas.actions,
      ...serviceActions(snapshot, port),
      ...routeActions(snapshot),
      ...moves,
    ],
    afterStatus: replicas.afterStatus,
    rollout: state,
    port,
    faults: faultsOf(snapshot, made, port),
    hold: held,
    recheckAfterMs,
  };
}

/** The wanted revision's troubles come before those of what it is to replace. */
function faultsOf(snapshot: Snapshot, { state: next, makesRoom }: Turn, port: number | undefined): readonly Fault[] {
  const { first, last } = modelPortRange;
  const isRefused = next.failed?.some(({ revision }) => revision === snapshot.wanted.hash) === true;
  const wanted = isRefused ? [] : [snapshot.wanted.hash];
  const revisions = new Set([...wanted, ...shares(next).map(({ revision }) => revision)]);
  const { lackingField: field } = snapshot;
  const observed = [...revisions]
    .map((hash) => diagnosis(revisionOf(snapshot, hash), snapshot.now))
    .filter((fault) => fault !== undefined && !(makesRoom && isLackOfRoom(fault)));
  return [
    ...foreignFaults(snapshot),
    ...(port === undefined ? [deploymentFaults.NoGatewayPort({ first, last })] : []),
    ...routeFaults(snapshot),
    ...(snapshot.wanted.replicas === 0 ? [] : observed.filter((fault) => fault !== undefined)),
    ...(field === undefined ? [] : [deploymentFaults.DefinitionOutdated({ field })]),
  ];
}

/** All that are in the way at once: whoever clears them away is not to learn of them one by one. */
function foreignFaults({ foreign }: Snapshot): readonly Fault[] {
  const [first, ...others] = foreign.filter(({ isLeftover }) => !isLeftover);
  const leftovers = foreign
    .filter(({ isLeftover }) => isLeftover)
    .map((object) => deploymentFaults.LeftoverObject(object));
  return first === undefined ? leftovers : [deploymentFaults.ForeignObject({ ...first, others }), ...leftovers];
}

/** Of what is being deleted: garbage collection does the rest. */
function lastPlan({ status, rollout }: Snapshot): Plan {
  return { actions: [], afterStatus: [], rollout, port: status.gateway?.port, faults: [] };
}

function soonest(delays: readonly (number | undefined)[]): number | undefined {
  const known = delays.filter((delay) => delay !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
