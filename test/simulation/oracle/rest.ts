import { difference } from "./end-state.ts";
import type { World } from "../world/world.ts";

const resyncs = 10;
/** An operator has read the state and leads by then. */
const startMs = 6_000;
/** After this every watch is back: it waits for at most 60 s before it connects again. */
const caughtUpMs = 75_000;

/** Who starts where all is at rest writes nothing. */
export async function restlessStart(world: World): Promise<readonly string[]> {
  await world.advance(startMs);
  const { writes, judgements } = world.ledger;
  return writes.length === judgements ? [] : [`where all was at rest a start wrote ${writes.join(", ")}`];
}

/** At rest, nothing is written any more: not when everything is looked at again, nor after a restart. */
export async function restlessness(world: World): Promise<readonly string[]> {
  await world.advance(caughtUpMs);
  const { ledger, gateways } = world;
  // Who is started with the right time sets right, once, what a wrong clock made of times in status.
  if (ledger.hits["clock-forward"] !== undefined) await restartAll(world);
  const [before, judgedBefore] = [ledger.writes.length, ledger.judgements];
  const stateBefore = rawState(world);
  for (let count = 0; count < resyncs - 1; count += 1) {
    gateways.resync();
    await world.advance(100);
  }
  await restartAll(world);
  const written = ledger.writes.slice(before);
  if (written.length === ledger.judgements - judgedBefore) return [];
  return [`at rest ${resyncs} resyncs wrote ${written.join(", ")}`, ...difference(stateBefore, rawState(world))];
}

async function restartAll(world: World): Promise<void> {
  for (const { process } of world.running.slice()) world.crash(process);
  await world.advance(startMs);
}

function rawState({ server }: World): readonly string[] {
  return server.store
    .collection("modeldeployments.modelwright.dev")
    .records("default")
    .map(({ object }) => JSON.stringify(object["status"]));
}
