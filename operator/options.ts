import { type LogLevel, logLevels } from "../runtime/base/log.ts";
import { faults } from "../runtime/base/faults.ts";
import {
  type Environment,
  oneOf,
  optionSource,
  type OptionSource,
  type OptionValue,
  wholeNumber,
} from "../runtime/base/option-source.ts";
import { ports } from "../runtime/contract/ports.ts";
import { systemNamespace } from "./model-deployment/resources/labels.ts";

/** Everything the operator is told when it starts on a cluster. */
export interface OperatorProgramOptions {
  /** A kubeconfig file; absent: the service account of the pod. */
  readonly kubeconfigPath: string | undefined;
  /** Namespace of the installation: its lease and its gateways. */
  readonly namespace: string;
  readonly leaseName: string;
  /** Unique among the replicas. */
  readonly identity: string | undefined;
  readonly runtimeImage: string;
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never" | undefined;
  readonly host: string;
  readonly routesPort: number;
  readonly adminPort: number;
  readonly drainDelayMs: number;
  readonly terminationGraceSeconds: number;
  readonly logLevel: LogLevel;
}

/** Each option by its flag, with the environment variable that the chart sets. */
const names = {
  kubeconfig: { flag: "kubeconfig", variable: "KUBECONFIG" },
  namespace: { flag: "namespace", variable: "MODELWRIGHT_NAMESPACE" },
  lease: { flag: "lease", variable: "MODELWRIGHT_LEASE" },
  identity: { flag: "identity", variable: "MODELWRIGHT_POD_NAME" },
  runtimeImage: { flag: "runtime-image", variable: "MODELWRIGHT_RUNTIME_IMAGE" },
  imagePullPolicy: { flag: "image-pull-policy", variable: "MODELWRIGHT_IMAGE_PULL_POLICY" },
  host: { flag: "host", variable: "MODELWRIGHT_BIND_ADDRESS" },
  routesPort: { flag: "routes-port", variable: "MODELWRIGHT_ROUTES_PORT" },
  adminPort: { flag: "admin-port", variable: "MODELWRIGHT_ADMIN_PORT" },
  drainDelay: { flag: "drain-delay-ms", variable: "MODELWRIGHT_DRAIN_DELAY_MS" },
  terminationGrace: { flag: "termination-grace-seconds", variable: "MODELWRIGHT_TERMINATION_GRACE_SECONDS" },
  logLevel: { flag: "log-level", variable: "MODELWRIGHT_LOG_LEVEL" },
} as const;

const pullPolicies = ["Always", "IfNotPresent", "Never"] as const;
/** Kubernetes' own default for pods that have none. */
const defaultGraceSeconds = 30;
const defaultDrainDelayMs = 5_000;
const hourMs = 3_600_000;

/** Reads arguments and environment. Throws `OptionInvalid`, `OptionMissing` or `UsageWrong`. */
export function operatorOptions(args: readonly string[], env: Environment): OperatorProgramOptions {
  const flags = Object.values(names).map(({ flag }) => flag);
  const source = optionSource(args, env, { flags, usage: `main.ts ${flags.map((flag) => `[--${flag} …]`).join(" ")}` });
  const text = (name: keyof typeof names): string | undefined => source.find(names[name])?.text;
  const pullPolicy = source.find(names.imagePullPolicy);
  const level = source.find(names.logLevel);
  return {
    kubeconfigPath: text("kubeconfig"),
    namespace: text("namespace") ?? systemNamespace,
    leaseName: text("lease") ?? "modelwright-operator",
    identity: text("identity"),
    runtimeImage: required(source, "runtimeImage", "the image of the runtime, as registry/modelwright/runtime:1.0.0"),
    imagePullPolicy: pullPolicy && oneOf(pullPolicy, pullPolicies),
    host: text("host") ?? "0.0.0.0",
    routesPort: number(source.find(names.routesPort), ports.routes, 65_535),
    adminPort: number(source.find(names.adminPort), ports.admin, 65_535),
    drainDelayMs: number(source.find(names.drainDelay), defaultDrainDelayMs, hourMs),
    terminationGraceSeconds: number(source.find(names.terminationGrace), defaultGraceSeconds, hourMs / 1_000),
    logLevel: level === undefined ? "info" : oneOf(level, logLevels),
  };
}

function required(source: OptionSource, name: keyof typeof names, expected: string): string {
  const { flag, variable } = names[name];
  const value = source.find(names[name])?.text;
  if (value === undefined) throw faults.OptionMissing({ option: `--${flag} or ${variable}`, expected });
  return value;
}

function number(value: OptionValue | undefined, assumed: number, max: number): number {
  return value === undefined ? assumed : wholeNumber(value, 0, max);
}
