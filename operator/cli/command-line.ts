import type { ParseArgsConfig } from "node:util";
import { ports } from "../../runtime/contract/ports.ts";
import { release } from "../../runtime/contract/release.ts";
import { clusterCommands, type ClusterCommand, clusterCommand } from "./cluster/options.ts";
import { faults } from "./faults.ts";
import { pair, parsedFlags, port } from "./flags.ts";
import { type ScalingCommand, scalingCommand, scalingCommands } from "./scaling/options.ts";
import { generalUsage, usage } from "./usage.ts";

/** Flags of `modelwright start`, with their defaults filled in. */
export interface StartOptions {
  readonly command: "start";
  /** A model file or folder to serve; absent: the manifests, or without any the example. */
  readonly modelPath: string | undefined;
  /** Manifest files or folders. */
  readonly manifests: readonly string[];
  readonly restPort: number;
  readonly grpcPort: number;
  readonly apiPort: number;
  readonly pagePort: number;
  /** Folders that stand in for PersistentVolumeClaims, by claim name. */
  readonly volumes: Readonly<Record<string, string>>;
  /** Folder for the kubeconfig, logs and pod volumes; absent: one in the user's state folder. */
  readonly dataFolder: string | undefined;
  readonly logLevel: string;
}

/** Flags of `modelwright plan` and `validate`, which need no cluster. */
export interface FileOptions {
  readonly command: "plan" | "validate";
  readonly manifests: readonly string[];
  /** `plan` only: file of the objects to start from, as `kubectl get -o json` or `-o yaml` writes it. */
  readonly against: string | undefined;
}

/** Arguments of `modelwright serve`, which the runtime parses. */
export interface ServeOptions {
  readonly command: "serve";
  readonly args: readonly string[];
}

interface HelpOptions {
  readonly command: "help";
  readonly text: string;
}

/** A parsed command line; one type per command. */
export type Command = StartOptions | ServeOptions | FileOptions | ClusterCommand | ScalingCommand | HelpOptions;

const helpWords = ["--help", "-h", "help"];
const versionWords = ["--version", "-V", "version"];

/** Parses the command line, checks it and fills in defaults. Throws a fault that names the wrong argument. */
export function commandLine(args: readonly string[]): Command {
  const [command, ...rest] = args;
  if (command === undefined) return { command: "help", text: generalUsage };
  if (helpWords.includes(command)) return { command: "help", text: helpOn(rest[0]) };
  if (versionWords.includes(command)) return { command: "help", text: `${release.name} ${release.version}` };
  const text = helpOn(command);
  if (rest.includes("--help") || rest.includes("-h")) return { command: "help", text };
  if (command === "start") return startOptions(rest);
  if (command === "serve") return { command, args: rest };
  const named = clusterCommands.find((known) => known === command);
  if (named !== undefined) return clusterCommand(named, rest);
  const scaling = scalingCommands.find((known) => known === command);
  if (scaling !== undefined) return scalingCommand(scaling, rest);
  return fileOptions(command === "plan" ? "plan" : "validate", rest);
}

function helpOn(command: string | undefined): string {
  if (command === undefined) return generalUsage;
  const text = usage[command];
  if (text === undefined) throw faults.UnknownCommand({ command, known: Object.keys(usage) });
  return text;
}

function startOptions(args: readonly string[]): StartOptions {
  const { values, positionals } = parsedFlags("start", {
    args: [...args],
    allowPositionals: true,
    options: {
      filename: { type: "string", short: "f", multiple: true, default: [] },
      "rest-port": { type: "string", default: String(ports.rest) },
      "grpc-port": { type: "string", default: String(ports.grpc) },
      "api-port": { type: "string", default: "8001" },
      "page-port": { type: "string", default: "8080" },
      volume: { type: "string", multiple: true, default: [] },
      data: { type: "string" },
      "log-level": { type: "string", default: "warn" },
    },
  });
  const [modelPath, extra] = positionals;
  if (extra !== undefined) throw faults.UnknownFlag({ text: `unexpected argument ${extra}`, command: "start" });
  if (modelPath !== undefined && values.filename.length > 0) throw faults.ModelAndManifests({});
  return {
    command: "start",
    modelPath,
    manifests: values.filename,
    restPort: port("rest-port", values["rest-port"]),
    grpcPort: port("grpc-port", values["grpc-port"]),
    apiPort: port("api-port", values["api-port"]),
    pagePort: port("page-port", values["page-port"]),
    volumes: Object.fromEntries(values.volume.map((text) => pair("volume", text))),
    dataFolder: values.data,
    logLevel: values["log-level"],
  };
}

function fileOptions(command: "plan" | "validate", args: readonly string[]): FileOptions {
  const { values } = parsedFlags(command, {
    args: [...args],
    options: {
      filename: { type: "string", short: "f", multiple: true, default: [] },
      ...(command === "plan" ? { against: { type: "string" } } : {}),
    } satisfies ParseArgsConfig["options"],
  });
  if (values.filename.length === 0) throw faults.MissingArgument({ command, argument: "-f FILE" });
  const against = "against" in values && typeof values.against === "string" ? values.against : undefined;
  return { command, manifests: values.filename, against };
}
