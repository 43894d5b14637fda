import { setOf } from "../ownership/field-set.ts";
import { builtinColumns } from "../tables/builtin-columns.ts";
import { definedSchema } from "./definitions.ts";
import { selectableFields } from "./selectable-fields.ts";
import { collectionKey, type ScalePaths, type ServedKind, type Strategy } from "./served-kind.ts";
import { strategies } from "./strategies/strategies.ts";

/** The properties in which built-in kinds differ. */
interface Declaration {
  readonly kind: string;
  readonly plural: string;
  readonly group?: string;
  readonly package: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly clusterScoped?: boolean;
  readonly hasStatus?: boolean;
  readonly scale?: boolean;
  readonly countsGenerations?: boolean;
  readonly countsLabels?: boolean;
  readonly printedLists?: readonly string[];
  readonly returnsDeleted?: boolean;
  readonly needsVersionToUpdate?: boolean;
  readonly allowsCreateOnUpdate?: boolean;
}

const core = "io.k8s.api.core.v1";

const declarations: readonly Declaration[] = [
  { kind: "ConfigMap", plural: "configmaps", package: core, shortNames: ["cm"] },
  { kind: "Event", plural: "events", package: core, shortNames: ["ev"], allowsCreateOnUpdate: true },
  {
    kind: "Namespace",
    plural: "namespaces",
    package: core,
    shortNames: ["ns"],
    clusterScoped: true,
    hasStatus: true,
    returnsDeleted: true,
  },
  { kind: "Node", plural: "nodes", package: core, shortNames: ["no"], clusterScoped: true, hasStatus: true },
  {
    kind: "PersistentVolumeClaim",
    plural: "persistentvolumeclaims",
    package: core,
    shortNames: ["pvc"],
    hasStatus: true,
    returnsDeleted: true,
  },
  {
    kind: "Pod",
    plural: "pods",
    package: core,
    shortNames: ["po"],
    categories: ["all"],
    hasStatus: true,
    countsGenerations: true,
    returnsDeleted: true,
  },
  { kind: "Secret", plural: "secrets", package: core },
  {
    kind: "Service",
    plural: "services",
    package: core,
    shortNames: ["svc"],
    categories: ["all"],
    hasStatus: true,
    returnsDeleted: true,
    allowsCreateOnUpdate: true,
  },
  { kind: "ServiceAccount", plural: "serviceaccounts", package: core, shortNames: ["sa"], returnsDeleted: true },
  {
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    group: "apiextensions.k8s.io",
    package: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
    shortNames: ["crd", "crds"],
    categories: ["api-extensions"],
    clusterScoped: true,
    hasStatus: true,
    countsGenerations: true,
    needsVersionToUpdate: true,
  },
  {
    kind: "Deployment",
    plural: "deployments",
    group: "apps",
    package: "io.k8s.api.apps.v1",
    shortNames: ["deploy"],
    categories: ["all"],
    hasStatus: true,
    scale: true,
    countsGenerations: true,
  },
  {
    kind: "ReplicaSet",
    plural: "replicasets",
    group: "apps",
    package: "io.k8s.api.apps.v1",
    shortNames: ["rs"],
    categories: ["all"],
    hasStatus: true,
    scale: true,
    countsGenerations: true,
  },
  {
    kind: "Lease",
    plural: "leases",
    group: "coordination.k8s.io",
    package: "io.k8s.api.coordination.v1",
    needsVersionToUpdate: true,
    allowsCreateOnUpdate: true,
  },
  {
    kind: "EndpointSlice",
    plural: "endpointslices",
    group: "discovery.k8s.io",
    package: "io.k8s.api.discovery.v1",
    countsGenerations: true,
    countsLabels: true,
    printedLists: ["endpoints", "ports"],
  },
  {
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    group: "policy",
    package: "io.k8s.api.policy.v1",
    shortNames: ["pdb"],
    hasStatus: true,
    countsGenerations: true,
    needsVersionToUpdate: true,
  },
];

const scalePaths: ScalePaths = {
  specReplicas: ["spec", "replicas"],
  statusReplicas: ["status", "replicas"],
  labelSelector: undefined,
  selectorObject: ["spec", "selector"],
};

const none: Strategy = {};

/** All verbs of a resource, as discovery lists them. */
export const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"] as const;

const served = (declaration: Declaration): ServedKind => {
  const { kind, plural, group = "" } = declaration;
  return {
    group,
    version: "v1",
    apiVersion: group === "" ? "v1" : `${group}/v1`,
    kind,
    plural,
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    shortNames: declaration.shortNames ?? [],
    categories: declaration.categories ?? [],
    namespaced: declaration.clusterScoped !== true,
    custom: false,
    collection: collectionKey(group, plural),
    schema: definedSchema(`${declaration.package}.${kind}`),
    hasStatus: declaration.hasStatus === true,
    keepsStatusOnCreate: kind === "Node",
    scale: declaration.scale === true ? scalePaths : undefined,
    countsGenerations: declaration.countsGenerations === true,
    countsLabels: declaration.countsLabels === true,
    printedLists: declaration.printedLists ?? [],
    allowsUnconditionalUpdate: declaration.needsVersionToUpdate !== true,
    allowsCreateOnUpdate: declaration.allowsCreateOnUpdate === true,
    returnsDeleted: declaration.returnsDeleted === true,
    columns: builtinColumns(kind),
    selectableFields: selectableFields(kind),
    strategy: strategies[kind] ?? none,
    ignoredOnStatus: setOf(["spec"]),
    verbs: allVerbs,
  };
};

/** The built-in kinds. */
export const builtinKinds = (): readonly ServedKind[] => declarations.map(served);
