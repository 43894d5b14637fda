import type { Snapshot } from "../../snapshot.ts";
import type { Answered, Command } from "./memory/progress.ts";
import type { Action } from "../action.ts";

const names: Readonly<Record<Command, string>> = {
  promote: "promote",
  promoteFull: "promote-full",
  abort: "abort",
  retry: "retry",
};

/** In order of what they outweigh: of several at a time the first that has an effect is carried out. */
const commandOrder = ["abort", "retry", "promoteFull", "promote"] as const satisfies readonly Command[];

/** True for a command that came since the last look. */
export function isNew({ commands, rollout }: Snapshot, command: Command): boolean {
  const value = commands?.given[command];
  return value !== undefined && value !== rollout.answered?.[command];
}

/**
 * True for a new promote or promote-full that the candidate in status is meant by: given together with another revision,
 * or before anybody saw of it in status, they promote nothing that nobody has looked at.
 */
export function isPromoted(snapshot: Snapshot, command: "promote" | "promoteFull"): boolean {
  return isUnderWay(snapshot) && isNew(snapshot, command);
}

function isUnderWay({ rollout, wanted }: Snapshot): boolean {
  return rollout.candidate?.revision === wanted.hash;
}

/** Why a command has no effect on a candidate. */
export function idleReason(snapshot: Snapshot): string {
  return isUnderWay(snapshot) ? "nothing waits for it" : `revision ${snapshot.wanted.hash} only begins`;
}

/** What is answered once this plan is carried out: everything that was asked for, but what waits. */
export function answered({ commands, rollout }: Snapshot, waiting: readonly Command[]): Answered | undefined {
  const given = Object.entries(commands?.given ?? {}).filter(([command]) => !waiting.some((one) => one === command));
  const all: Answered = { ...rollout.answered, ...Object.fromEntries(given) };
  return Object.keys(all).length === 0 ? undefined : all;
}

/** Says of every new command but those that were carried out that it has no effect. */
export function ineffective(snapshot: Snapshot, effective: readonly Command[], why: string): readonly Action[] {
  return commandOrder
    .filter((command) => !effective.includes(command) && isNew(snapshot, command))
    .map((command) => ({ kind: "answer", target: `command ${names[command]}`, why: `it has no effect: ${why}` }));
}
