import type { Pod } from "../../../kube/kinds.ts";
import type { Container, EnvironmentVariable, KeyReference } from "../../../kube/kinds/container.ts";
import { kubeletFaults } from "../faults.ts";
import { quantityNumber } from "../../../../crds/schema/grammar/quantity.ts";
import { type ConfigKind, type ConfigReader, requiredContents } from "./config-reader.ts";
import { metadataField } from "./metadata-field.ts";

/** The values that a container's environment variables may refer to. */
export interface EnvironmentContext {
  readonly pod: Pod;
  readonly podAddress: string;
  readonly hostAddress: string;
  readonly nodeName: string;
  /** The node's allocatable resources: the limit of a container that sets none. */
  readonly allocatable: Readonly<Record<string, string>>;
  /** Reads the ConfigMaps and Secrets that variables refer to. */
  readonly config: ConfigReader;
}

/** The environment of a container, as in Kubernetes. Later variables may refer to earlier ones as `$(NAME)`. */
export async function containerEnvironment(
  container: Container,
  context: EnvironmentContext,
): Promise<Record<string, string>> {
  const variables = await wholeSecrets(container, context);
  for (const variable of container.env ?? []) {
    const value = await valueOf(variable, container, context);
    if (value !== undefined) variables[variable.name] = expanded(value, variables);
  }
  return variables;
}

/** Expands `$(NAME)`; unknown names are kept, and `$$` is an escaped `$`, as in Kubernetes. */
export function expanded(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([^()]*)\)/g, (match, name: string | undefined) => {
    if (match === "$$") return "$";
    return (name === undefined ? undefined : variables[name]) ?? match;
  });
}

async function valueOf(
  variable: EnvironmentVariable,
  container: Container,
  context: EnvironmentContext,
): Promise<string | undefined> {
  const { value = "", valueFrom } = variable;
  if (valueFrom?.fieldRef !== undefined) return fieldValue(valueFrom.fieldRef.fieldPath, context);
  if (valueFrom?.resourceFieldRef !== undefined) {
    const { containerName = container.name, ...field } = valueFrom.resourceFieldRef;
    return resourceValue(field, containerNamed(containerName, context.pod) ?? container, context.allocatable);
  }
  if (valueFrom?.secretKeyRef !== undefined) return keyValue("Secret", valueFrom.secretKeyRef, context);
  if (valueFrom?.configMapKeyRef !== undefined) return keyValue("ConfigMap", valueFrom.configMapKeyRef, context);
  return value;
}

/** The variables of `envFrom`: one per key that is a valid variable name, as in the kubelet. */
async function wholeSecrets(container: Container, { config }: EnvironmentContext): Promise<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const { secretRef } of container.envFrom ?? []) {
    if (secretRef === undefined) continue;
    for (const [key, value] of await requiredContents(config, "Secret", secretRef.name)) {
      if (!key.includes("=")) variables[key] = value.toString();
    }
  }
  return variables;
}

async function keyValue(
  kind: ConfigKind,
  { name, key, optional = false }: KeyReference,
  { config, pod }: EnvironmentContext,
): Promise<string | undefined> {
  const contents = optional ? await config.contents(kind, name) : await requiredContents(config, kind, name);
  const value = contents?.get(key);
  if (value === undefined && !optional) {
    const cause = `couldn't find key ${key} in ${kind} ${pod.metadata.namespace ?? ""}/${name}`;
    throw kubeletFaults.CreateContainerConfigError({ cause });
  }
  return value?.toString();
}

function containerNamed(containerName: string, { spec }: Pod): Container | undefined {
  return [...spec.containers, ...(spec.initContainers ?? [])].find(({ name }) => name === containerName);
}

const fields: Readonly<Record<string, (context: EnvironmentContext) => string>> = {
  "spec.nodeName": ({ nodeName }) => nodeName,
  "spec.serviceAccountName": ({ pod }) => pod.spec.serviceAccountName ?? "default",
  "status.podIP": ({ podAddress }) => podAddress,
  "status.podIPs": ({ podAddress }) => podAddress,
  "status.hostIP": ({ hostAddress }) => hostAddress,
  "status.hostIPs": ({ hostAddress }) => hostAddress,
};

function fieldValue(path: string, context: EnvironmentContext): string {
  const value = metadataField(path, context.pod.metadata) ?? fields[path]?.(context);
  if (value === undefined) {
    throw kubeletFaults.CreateContainerConfigError({ cause: `unsupported fieldPath: ${path}` });
  }
  return value;
}

/** A resource in units of the divisor, rounded up as in the kubelet: `limits.cpu` of 500m is 1 by default, 500 with `1m`. */
function resourceValue(
  field: { readonly resource: string; readonly divisor?: string },
  container: Container,
  allocatable: Readonly<Record<string, string>>,
): string {
  const [list, name] = splitOnce(field.resource);
  const own = list === "limits" || list === "requests" ? container.resources?.[list]?.[name] : undefined;
  const amount = own ?? (list === "limits" ? allocatable[name] : undefined) ?? "0";
  const divisor = quantityNumber(field.divisor ?? "1") ?? 1;
  const units = (quantityNumber(amount) ?? 0) / (divisor === 0 ? 1 : divisor);
  return String(Math.ceil(Number(units.toFixed(6)))); // 0.1 / 0.001 is a little more than 100
}

function splitOnce(text: string): [string, string] {
  const dot = text.indexOf(".");
  return [text.slice(0, dot), text.slice(dot + 1)];
}
