import { parseArgs, type ParseArgsConfig } from "node:util";
import { ports } from "../../runtime/contract/ports.ts";
import { faults } from "./faults.ts";

/** Flags of `modelwright start`, with their defaults filled in. */
export interface StartOptions {
  readonly command: "start";
  /** A model file or folder to serve; absent: the example, or what `manifests` say. */
  readonly modelPath: string | undefined;
  /** Manifest files or folders. */
  readonly manifests: readonly string[];
  readonly restPort: number;
  readonly apiPort: number;
  readonly pagePort: number;
  /** Folders that stand for PersistentVolumeClaims, by claim name. */
  readonly volumes: Readonly<Record<string, string>>;
  /** Folder for the kubeconfig, logs and pod volumes; absent: one of the user's state folder. */
  readonly dataFolder: string | undefined;
  readonly logLevel: string;
}

export interface FileOptions {
  readonly command: "plan" | "validate";
  readonly manifests: readonly string[];
  /** `plan` only: a snapshot to begin from, as the operator logs it. */
  readonly against: string | undefined;
}

export interface StatusOptions {
  readonly command: "status";
  readonly kubeconfig: string | undefined;
  readonly namespace: string | undefined;
  readonly apiPort: number;
}

/** `modelwright serve`: the runtime reads its arguments itself. */
export interface ServeOptions {
  readonly command: "serve";
  readonly args: readonly string[];
}

interface HelpOptions {
  readonly command: "help";
  readonly text: string;
}

export type Command = StartOptions | ServeOptions | FileOptions | StatusOptions | HelpOptions;

const usage: Record<string, string> = {
  start: `modelwright start [MODEL] [-f FILE|FOLDER]… [flags]: serve models on this machine

  MODEL               a model file (.h5, .keras) to serve; nothing: the digits example
  -f, --filename      manifest file or folder; may be given several times; edits are followed
  --rest-port PORT    REST of all models (default ${ports.rest})
  --api-port PORT     API server for kubectl (default 8001)
  --page-port PORT    page with models and their conditions (default 8080)
  --volume CLAIM=FOLDER   folder that stands for a PersistentVolumeClaim; may be given several times
  --data FOLDER       kubeconfig, logs and pod volumes (default: the user's state folder)
  --log-level LEVEL   debug, info, warn, error or silent (default warn)

  npm start -- digits.keras
  npm start -- -f manifests/`,
  serve: `modelwright serve PATH|--repository FOLDER|--config FILE [flags]: the runtime alone, without an operator

  PATH                a model: a file, a SavedModel or tfjs folder, or a folder of numbered versions
  --repository FOLDER a folder of models, each with numbered versions; changes are followed
  --config FILE       TensorFlow Serving's model_config_list, as text or JSON; edits are followed
  --name NAME         name of the model at PATH (default: as the file is called)
  --version NUMBER    version of the model at PATH, where it has no numbered folder (default 1)
  --versions POLICY   of numbered versions: latest, latest:COUNT, all or specific:NUMBER,NUMBER… (default latest)
  --engine ENGINE     Auto, TensorFlowJs, OnnxRuntime or TensorFlow (default Auto)
  --threads NUMBER    threads of each model (default: as many as the machine allows; 1 for many models)
  --http-port PORT    REST (default ${ports.rest})
  --grpc-port PORT    gRPC (default ${ports.grpc})
  --admin-port PORT   health, metrics and facts (default ${ports.admin})
  --host ADDRESS      address to listen on (default 0.0.0.0)
  --model-control     let clients load and unload models
  --server-name NAME  what the server calls itself (default modelwright)
  --poll-interval T   how often folders and files are looked at, as 1s; 0s: once (default 1s)
  --serving JSON      batching, limits, warm-up and logging, as spec.serving of a ModelDeployment
  --log-level LEVEL   debug, info, warn, error or silent (default warn)

  npx modelwright serve models/digits.keras
  npx modelwright serve --repository models/`,
  plan: `modelwright plan -f FILE [--against SNAPSHOT]: show what the operator would do, and why

  -f, --filename      manifest file or folder
  --against SNAPSHOT  state to begin from (JSON); nothing: an empty cluster`,
  validate: `modelwright validate -f FILE|FOLDER: check manifests as the API server would

  -f, --filename      manifest file or folder; may be given several times`,
  status: `modelwright status [flags]: show ModelDeployments with revisions, pods and conditions

  --kubeconfig FILE   cluster to ask (default: local mode when it runs, else kubectl's)
  -n, --namespace NS  only this namespace
  --api-port PORT     port of local mode's API server (default 8001)`,
};

const commands = Object.keys(usage);

const general = `modelwright: model deployments on Kubernetes or on this machine

${Object.values(usage)
  .map((text) => `  ${text.split("\n")[0] ?? ""}`)
  .join("\n")}

  modelwright COMMAND --help`;

/** The command that the arguments mean, checked and with defaults. Throws a fault that names the wrong argument. */
export function commandLine(args: readonly string[]): Command {
  const [command, ...rest] = args;
  if (command === undefined || command === "--help" || command === "-h" || command === "help")
    return { command: "help", text: general };
  const text = usage[command];
  if (text === undefined) throw faults.UnknownCommand({ command, known: commands });
  if (rest.includes("--help") || rest.includes("-h")) return { command: "help", text };
  if (command === "start") return startOptions(rest);
  if (command === "serve") return { command, args: rest };
  if (command === "status") return statusOptions(rest);
  return fileOptions(command === "plan" ? "plan" : "validate", rest);
}

function startOptions(args: readonly string[]): StartOptions {
  const { values, positionals } = parsed("start", {
    args: [...args],
    allowPositionals: true,
    options: {
      filename: { type: "string", short: "f", multiple: true, default: [] },
      "rest-port": { type: "string", default: String(ports.rest) },
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
    apiPort: port("api-port", values["api-port"]),
    pagePort: port("page-port", values["page-port"]),
    volumes: Object.fromEntries(values.volume.map((text) => pair("volume", text))),
    dataFolder: values.data,
    logLevel: values["log-level"],
  };
}

function fileOptions(command: "plan" | "validate", args: readonly string[]): FileOptions {
  const { values } = parsed(command, {
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

function statusOptions(args: readonly string[]): StatusOptions {
  const { values } = parsed("status", {
    args: [...args],
    options: {
      kubeconfig: { type: "string" },
      namespace: { type: "string", short: "n" },
      "api-port": { type: "string", default: "8001" },
    },
  });
  return {
    command: "status",
    kubeconfig: values.kubeconfig,
    namespace: values.namespace,
    apiPort: port("api-port", values["api-port"]),
  };
}

function parsed<Config extends ParseArgsConfig>(command: string, config: Config) {
  try {
    return parseArgs(config);
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    throw faults.UnknownFlag({ text: text.split(". ")[0] ?? text, command }, thrown);
  }
}

function port(flag: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) throw faults.FlagNotANumber({ flag, value });
  return number;
}

function pair(flag: string, value: string): readonly [string, string] {
  const at = value.indexOf("=");
  if (at < 1 || at === value.length - 1) throw faults.FlagNotAPair({ flag, value });
  return [value.slice(0, at), value.slice(at + 1)];
}
