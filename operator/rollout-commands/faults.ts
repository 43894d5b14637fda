import { faultCatalogue } from "../../runtime/base/fault.ts";

/** The command as users type it. */
function asTyped(command: string): string {
  return command.replace(/^promote-full$/, "promote --full");
}

/** Faults of rollout commands. */
export const rolloutCommandFaults = faultCatalogue<{
  NoSuchDeployment: { namespace: string; name: string };
  NothingToSteer: { namespace: string; name: string; command: string; why: string };
  NotAnswered: { namespace: string; name: string; command: string; afterMs: number };
}>({
  NoSuchDeployment: {
    message: ({ namespace, name }) => `there is no ModelDeployment ${name} in namespace ${namespace}`,
    hint: () => "modelwright status lists all; -n NAMESPACE chooses another namespace",
    retry: "never",
    level: "error",
  },
  NothingToSteer: {
    message: ({ namespace, name, command, why }) => `${asTyped(command)} has no effect on ${namespace}/${name}: ${why}`,
    hint: ({ name }) => `modelwright status ${name} shows where it is`,
    retry: "never",
    level: "error",
  },
  NotAnswered: {
    message: ({ namespace, name, command, afterMs }) =>
      `the operator has not carried out ${asTyped(command)} for ${namespace}/${name} within ${afterMs / 1000} s`,
    hint: () => "is an operator running? The annotation stays and takes effect once one is",
    retry: "never",
    level: "error",
  },
});
