import type { Pod } from "../../../kube/kinds.ts";
import type { Container, EnvironmentVariable, KeyReference } from "../../../kube/kinds/container.ts";
import { kubeletFaults } from "../faults.ts";
import { quantityNumber } from "../../../../crds/schema/grammar/quantity.ts";
import { type KeyedKind, type KeyedObjects, presentContents } from "./keyed-objects.ts";

/** What a pod's variables may refer to. */
export interface EnvironmentContext {
  readonly pod: Pod;
  readonly podAddress: string;
  readonly hostAddress: string;
  readonly nodeName: string;
  /** Of the node: the limit of a container that sets none. */
  readonly allocatable: Readonly<Record<string, string>>;
  /** What variables are read from. */
  readonly objects: KeyedObjects;
}

/** The variables of a container as Kubernetes would set them, in order; later ones may use earlier ones as `$(NAME)`. */
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

/** Replaces `$(NAME)` by the variable; `$$(NAME)` and unknown names stay as Kubernetes leaves them. */
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

/** Of `envFrom`: a variable for each key that can be one, as the kubelet does it. */
async function wholeSecrets(container: Container, { objects }: EnvironmentContext): Promise<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const { secretRef } of container.envFrom ?? []) {
    if (secretRef === undefined) continue;
    for (const [key, value] of await presentContents(objects, "Secret", secretRef.name)) {
      if (!key.includes("=")) variables[key] = value.toString();
    }
  }
  return variables;
}

async function keyValue(
  kind: KeyedKind,
  { name, key, optional = false }: KeyReference,
  { objects, pod }: EnvironmentContext,
): Promise<string | undefined> {
  const contents = optional ? await objects.contents(kind, name) : await presentContents(objects, kind, name);
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

const fields: Readonly<Record<string, (context: EnvironmentContext) => string | undefined>> = {
  "metadata.name": ({ pod }) => pod.metadata.name,
  "metadata.namespace": ({ pod }) => pod.metadata.namespace,
  "metadata.uid": ({ pod }) => pod.metadata.uid,
  "spec.nodeName": ({ nodeName }) => nodeName,
  "spec.serviceAccountName": ({ pod }) => pod.spec.serviceAccountName ?? "default",
  "status.podIP": ({ podAddress }) => podAddress,
  "status.podIPs": ({ podAddress }) => podAddress,
  "status.hostIP": ({ hostAddress }) => hostAddress,
  "status.hostIPs": ({ hostAddress }) => hostAddress,
};

function fieldValue(path: string, context: EnvironmentContext): string {
  const [, map, key = ""] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map === "labels" || map === "annotations") return context.pod.metadata[map]?.[key] ?? "";
  const field = fields[path];
  if (field === undefined) {
    throw kubeletFaults.CreateContainerConfigError({ cause: `unsupported fieldPath: ${path}` });
  }
  return field(context) ?? "";
}

/** Units rounded up, as the kubelet does: `limits.cpu` of 500m is 1 with the default divisor, 500 with `1m`. */
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
