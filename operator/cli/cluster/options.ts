import { faults } from "../faults.ts";
import { parsed, port } from "../flags.ts";

/** Which cluster a command asks, and about which objects. */
export interface ClusterOptions {
  readonly kubeconfig: string | undefined;
  readonly namespace: string | undefined;
  readonly apiPort: number;
}

export interface StatusOptions extends ClusterOptions {
  readonly command: "status";
  /** Only this ModelDeployment. */
  readonly name: string | undefined;
  readonly watch: boolean;
}

export interface HistoryOptions extends ClusterOptions {
  readonly command: "history";
  readonly name: string;
}

export interface SteeringOptions extends ClusterOptions {
  readonly command: "promote" | "abort" | "retry" | "pause" | "resume";
  readonly name: string;
  /** `promote` only: everything that is left, not only the present step. */
  readonly full: boolean;
}

/** A command that speaks with an API server. */
export type ClusterCommand = StatusOptions | HistoryOptions | SteeringOptions;

/** Names of the commands that speak with an API server. */
export const clusterCommands = ["status", "history", "promote", "abort", "retry", "pause", "resume"] as const;

/** The options of such a command. Throws a fault that names the wrong argument. */
export function clusterCommand(command: ClusterCommand["command"], args: readonly string[]): ClusterCommand {
  const { values, positionals } = parsed(command, {
    args: [...args],
    allowPositionals: true,
    options: {
      kubeconfig: { type: "string" },
      namespace: { type: "string", short: "n" },
      "api-port": { type: "string", default: "8001" },
      ...(command === "status" ? { watch: { type: "boolean", short: "w" } as const } : {}),
      ...(command === "promote" ? { full: { type: "boolean" } as const } : {}),
    },
  });
  const [given, extra] = positionals;
  if (extra !== undefined) throw faults.UnknownFlag({ text: `unexpected argument ${extra}`, command });
  const [name, inName] = (given ?? "").split("/").reverse();
  const cluster = {
    kubeconfig: values.kubeconfig,
    namespace: inName ?? values.namespace,
    apiPort: port("api-port", values["api-port"]),
  };
  const isSet = (flag: string): boolean => new Map<string, unknown>(Object.entries(values)).get(flag) === true;
  if (command === "status") {
    return { command, ...cluster, name: name === "" ? undefined : name, watch: isSet("watch") };
  }
  if (name === undefined || name === "")
    throw faults.MissingArgument({ command, argument: "the NAME of a ModelDeployment" });
  if (command === "history") return { command, ...cluster, name };
  return { command, ...cluster, name, full: isSet("full") };
}
