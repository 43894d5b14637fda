import type { Snapshot } from "../../snapshot.ts";
import type { AnsweredCommands, Command } from "./state/progress.ts";
import type { Action } from "../action.ts";

const names: Readonly<Record<Command, string>> = {
  promote: "promote",
  promoteFull: "promote-full",
  abort: "abort",
  retry: "retry",
};

/** By precedence: of several commands given at once, the first that has an effect is carried out. */
const commandOrder = ["abort", "retry", "promoteFull", "promote"] as const satisfies readonly Command[];

/** True for a command whose nonce has not been answered yet. */
export function isNewCommand({ commands, rollout }: Snapshot, command: Command): boolean {
  const value = commands?.given[command];
  return value !== undefined && value !== rollout.answered?.[command];
}

/**
 * True for a new promote or promote-full that refers to the candidate in status. A command that arrives together with a new
 * revision, or before status shows that revision, does not promote it: nobody can have looked at it yet.
 */
export function isPromotionRequested(snapshot: Snapshot, command: "promote" | "promoteFull"): boolean {
  return isUnderWay(snapshot) && isNewCommand(snapshot, command);
}

function isUnderWay({ rollout, wanted }: Snapshot): boolean {
  return rollout.candidate?.revision === wanted.hash;
}

/** Why a command has no effect on a candidate. */
export function noEffectReason(snapshot: Snapshot): string {
  return isUnderWay(snapshot) ? "nothing waits for it" : `revision ${snapshot.wanted.hash} has not started yet`;
}

/** The commands that are answered once this plan is carried out: all that were given except those in `waiting`. */
export function answeredCommands(
  { commands, rollout }: Snapshot,
  waiting: readonly Command[],
): AnsweredCommands | undefined {
  const given = Object.entries(commands?.given ?? {}).filter(([name]) => !waiting.some((command) => command === name));
  const all: AnsweredCommands = { ...rollout.answered, ...Object.fromEntries(given) };
  return Object.keys(all).length === 0 ? undefined : all;
}

/** Reports every new command that is not in `effective` as having no effect. */
export function noEffectActions(snapshot: Snapshot, effective: readonly Command[], why: string): readonly Action[] {
  return commandOrder
    .filter((command) => !effective.includes(command) && isNewCommand(snapshot, command))
    .map((command) => ({ kind: "answer", target: `command ${names[command]}`, why: `it has no effect: ${why}` }));
}
