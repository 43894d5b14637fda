import type { Registry } from "../kinds/registry.ts";
import type { ServedKind } from "../kinds/served-kind.ts";
import { jsonResponse, type ApiResponse } from "../requests/response.ts";
import type { JsonObject } from "../values/json.ts";

const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** `/api`, `/apis`, `/api/v1`, `/apis/GROUP` and `/apis/GROUP/VERSION`; undefined for any other path. */
export function discoveryDocument(registry: Registry, path: string, accept: string): ApiResponse | undefined {
  const [root, group, version, ...more] = path.split("/").filter((part) => part !== "");
  if ((root !== "api" && root !== "apis") || more.length > 0) return undefined;
  if (group === undefined) return rootDocument(registry, root, accept);
  if (root === "api") return version === undefined ? resourceList(registry, "", group) : undefined;
  return version === undefined ? groupDocument(registry, group) : resourceList(registry, group, version);
}

function rootDocument(registry: Registry, root: "api" | "apis", accept: string): ApiResponse {
  const names = groupNames(registry).filter((name) => (root === "api") === (name === ""));
  if (wantsAggregated(accept)) {
    const items = names.map((name) => aggregatedGroup(registry, name));
    const body = { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {}, items };
    const response = jsonResponse(200, JSON.stringify(body));
    return { ...response, headers: { ...response.headers, "content-type": aggregatedType } };
  }
  if (root === "api") {
    return jsonResponse(200, JSON.stringify({ kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] }));
  }
  const groups = names.map((name) => group(registry, name));
  return jsonResponse(200, JSON.stringify({ kind: "APIGroupList", apiVersion: "v1", groups }));
}

const wantsAggregated = (accept: string): boolean =>
  accept.split(",").some((entry) => entry.includes("as=APIGroupDiscoveryList") && /v=v2(?!\w)/u.test(entry));

const groupNames = (registry: Registry): readonly string[] => [...new Set(registry.kinds().map(({ group }) => group))];

const versionsOf = (registry: Registry, name: string): readonly string[] => [
  ...new Set(
    registry
      .kinds()
      .filter(({ group }) => group === name)
      .map(({ version }) => version),
  ),
];

const kindsOf = (registry: Registry, name: string, version: string): readonly ServedKind[] =>
  registry.kinds().filter((kind) => kind.group === name && kind.version === version);

function group(registry: Registry, name: string): JsonObject {
  const versions = versionsOf(registry, name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] ?? {} };
}

function groupDocument(registry: Registry, name: string): ApiResponse | undefined {
  if (name === "" || !groupNames(registry).includes(name)) return undefined;
  return jsonResponse(200, JSON.stringify({ kind: "APIGroup", apiVersion: "v1", ...group(registry, name) }));
}

function resourceList(registry: Registry, name: string, version: string): ApiResponse | undefined {
  const kinds = kindsOf(registry, name, version);
  if (kinds.length === 0) return undefined;
  const groupVersion = name === "" ? version : `${name}/${version}`;
  const resources = kinds.flatMap((kind) => [resource(kind), ...subresources(kind)]);
  return jsonResponse(200, JSON.stringify({ kind: "APIResourceList", apiVersion: "v1", groupVersion, resources }));
}

const resource = (kind: ServedKind): JsonObject => ({
  name: kind.plural,
  singularName: kind.singular,
  namespaced: kind.namespaced,
  kind: kind.kind,
  verbs: kind.verbs,
  ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
  ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
});

const subresources = (kind: ServedKind): readonly JsonObject[] =>
  subresourcesOf(kind).map(({ name, type, verbs }) => ({
    name: `${kind.plural}/${name}`,
    singularName: "",
    namespaced: kind.namespaced,
    ...(type.group === kind.group && type.version === kind.version ? {} : { group: type.group, version: type.version }),
    kind: type.kind,
    verbs,
  }));

interface Subresource {
  readonly name: string;
  readonly type: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly string[];
}

function subresourcesOf(kind: ServedKind): readonly Subresource[] {
  const verbs = ["get", "patch", "update"];
  const own = { group: kind.group, version: kind.version, kind: kind.kind };
  const scaled = { group: "autoscaling", version: "v1", kind: "Scale" };
  return [
    ...(kind.hasStatus ? [{ name: "status", type: own, verbs }] : []),
    ...(kind.scale === undefined ? [] : [{ name: "scale", type: scaled, verbs }]),
    ...(kind.kind === "Pod" ? [{ name: "log", type: own, verbs: ["get"] }] : []),
  ];
}

function aggregatedGroup(registry: Registry, name: string): JsonObject {
  const versions = versionsOf(registry, name).map((version) => ({
    version,
    resources: kindsOf(registry, name, version).map(aggregatedResource),
    freshness: "Current",
  }));
  return { metadata: { ...(name === "" ? {} : { name }), creationTimestamp: null }, versions };
}

const aggregatedResource = (kind: ServedKind): JsonObject => ({
  resource: kind.plural,
  responseKind: { group: kind.group, version: kind.version, kind: kind.kind },
  scope: kind.namespaced ? "Namespaced" : "Cluster",
  singularResource: kind.singular,
  verbs: kind.verbs,
  ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
  ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
  subresources: subresourcesOf(kind).map(({ name, type, verbs }) => ({ subresource: name, responseKind: type, verbs })),
});
