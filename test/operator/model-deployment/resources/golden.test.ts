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

const allowedVolumes = new Set(["configMap", "downwardAPI", "emptyDir", "persistentVolumeClaim", "name", "image"]);

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/, column Restricted, as far as we set fields. */
function restrictedViolations(pod: PodSpecification): readonly string[] {
  const { securityContext, hostNetwork, volumes = [], containers, initContainers = [] } = pod;
  return [
    ...(securityContext?.runAsNonRoot === true ? [] : ["runAsNonRoot is not true"]),
    ...(securityContext?.seccompProfile?.type === "RuntimeDefault" ? [] : ["seccompProfile is not RuntimeDefault"]),
    ...(hostNetwork === undefined ? [] : ["hostNetwork is set"]),
    ...volumes.flatMap(Object.keys).filter((key) => !allowedVolumes.has(key)),
    ...[...containers, ...initContainers].flatMap(containerViolations),
  ];
}

function containerViolations({ name, securityContext }: ContainerSpecification): readonly string[] {
  const { allowPrivilegeEscalation, capabilities } = securityContext ?? {};
  return [
    ...(allowPrivilegeEscalation === false ? [] : [`${name} may escalate`]),
    ...(capabilities?.drop?.includes("ALL") === true ? [] : [`${name} does not drop ALL`]),
    ...(capabilities?.add === undefined ? [] : [`${name} adds capabilities`]),
  ];
}
