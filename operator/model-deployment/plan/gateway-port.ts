import { modelPortRange } from "../../../runtime/contract/ports.ts";
import type { Identity, PortProbe } from "../snapshot.ts";
import { hash } from "./hash.ts";

/** Every port of the range in the order in which this ModelDeployment tries them: from one drawn by its UID upwards. */
export function* probedPorts(uid: string): Generator<number> {
  const { first, last } = modelPortRange;
  const size = last - first + 1;
  let start = 0;
  for (const character of hash(uid)) start = (start * 31 + character.charCodeAt(0)) % size;
  for (let offset = 0; offset < size; offset += 1) yield first + ((start + offset) % size);
}

/**
 * The port a ModelDeployment has: the present one unless an older ModelDeployment has it too, else the first free one.
 * Two that chose the same port at the same time part by this rule, whoever looks first.
 */
export function gatewayPort(
  identity: Identity,
  present: number | undefined,
  probes: readonly PortProbe[],
): number | undefined {
  const keeps = ({ port, takenBy }: PortProbe): boolean =>
    takenBy === undefined || (port === present && isOlder(identity, takenBy));
  return probes.find(keeps)?.port;
}

function isOlder(identity: Identity, other: NonNullable<PortProbe["takenBy"]>): boolean {
  if (identity.createdAt !== other.createdAt) return identity.createdAt < other.createdAt;
  return identity.uid < other.uid;
}
