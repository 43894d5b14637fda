import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readYaml, yamlText } from "../../../../crds/schema/yaml.ts";
import type { ModelDeployment } from "../../../../crds/v1alpha1/model-deployment.ts";
import type { Action } from "../../../../operator/model-deployment/plan/action.ts";
import { plan } from "../../../../operator/model-deployment/plan/plan.ts";
import type { KubeObject } from "../../../../operator/kube/kinds.ts";
import { gateway, snapshot } from "../../../builders/snapshot.ts";

const examples = new URL("../../../../crds/examples/", import.meta.url);
const files = readdirSync(examples).filter((file) => file.endsWith(".yaml"));

describe.each(files)("the children of %s", (file) => {
  const deployments = readYaml(readFileSync(new URL(file, examples), "utf8"), file).filter(isModelDeployment);
  const children = deployments.flatMap(childrenOf);

  test("are the same for the same example, so that no reconcile writes twice", () => {
    expect(deployments.flatMap(childrenOf)).toEqual(children);
  });

  test.each(children.map((child) => [child.kind, child] as const))("%s looks as reviewed", async (kind, child) => {
    const folder = file.replace(".yaml", "");
    await expect(yamlText(child)).toMatchFileSnapshot(`../../../golden/resources/${folder}/${kebab(kind)}.yaml`);
  });

  test("pods are admitted where the restricted Pod Security Standard rules", () => {
    const specs = children.flatMap((child) => ("spec" in child ? [child.spec] : [])).flatMap(podSpecs);
    expect(specs.flatMap(restrictedViolations)).toEqual([]);
    expect(specs).toHaveLength(deployments.length);
  });
});

function childrenOf({ metadata, spec }: ModelDeployment): readonly KubeObject[] {
  const { name, namespace = "default" } = metadata;
  const identity = { ...snapshot().identity, name, namespace, uid: "00000000-0000-4000-8000-000000000001" };
  return plan(snapshot({ identity, spec, gateways: [gateway("gateway-a")] })).actions.flatMap(created);
}

function created(action: Action): readonly KubeObject[] {
  return action.kind === "create" ? [action.object] : [];
}

function isModelDeployment(document: unknown): document is ModelDeployment {
  return typeof document === "object" && document !== null && "kind" in document && document.kind === "ModelDeployment";
}

function kebab(kind: string): string {
  return kind.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}

function podSpecs(spec: unknown): readonly PodSpecification[] {
  const { template }: { template?: { spec: PodSpecification } } = Object(spec);
  return template === undefined ? [] : [template.spec];
}

interface PodSpecification {
  readonly securityContext?: { readonly runAsNonRoot?: boolean; readonly seccompProfile?: { readonly type?: string } };
  readonly hostNetwork?: boolean;
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
  readonly containers: readonly ContainerSpecification[];
  readonly initContainers?: readonly ContainerSpecification[];
}

interface ContainerSpecification {
  readonly name: string;
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
}

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/, column Restricted, as far as we set fields. */
function restrictedViolations({
  securityContext,
  hostNetwork,
  volumes = [],
  ...pod
}: PodSpecification): readonly string[] {
  const allowedVolumes = new Set(["configMap", "emptyDir", "persistentVolumeClaim", "name"]);
  const violations: string[] = [];
  if (securityContext?.runAsNonRoot !== true) violations.push("runAsNonRoot is not true");
  if (securityContext?.seccompProfile?.type !== "RuntimeDefault")
    violations.push("seccompProfile is not RuntimeDefault");
  if (hostNetwork !== undefined) violations.push("hostNetwork is set");
  for (const key of volumes.flatMap(Object.keys))
    if (!allowedVolumes.has(key)) violations.push(`volume of type ${key}`);
  for (const { name, securityContext: own } of [...pod.containers, ...(pod.initContainers ?? [])]) {
    if (own?.allowPrivilegeEscalation !== false) violations.push(`${name} may escalate`);
    if (own?.capabilities?.drop?.includes("ALL") !== true) violations.push(`${name} does not drop ALL`);
    if (own?.capabilities?.add !== undefined) violations.push(`${name} adds capabilities`);
  }
  return violations;
}
