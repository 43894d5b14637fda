import type { StoredObject } from "./store.ts";

/** Field managers on a real cluster: the creator of an object and the writer of its status. */
const managers: Readonly<Record<string, readonly string[]>> = {
  ModelDeployment: ["kubectl-client-side-apply", "modelwright"],
  ReplicaSet: ["modelwright", "kube-controller-manager"],
  Pod: ["kube-controller-manager", "kubelet"],
};

const placeholder = '"@managedFields"';
/** The JSON of `managedFields` by shape of object, with a placeholder for the owner's UID. */
const texts = new Map<string, string>();

/**
 * The JSON of an object with `managedFields` of a real server's size. They are computed once for each shape, as they depend on the
 * names of the fields only.
 */
export function serialised(object: StoredObject): string {
  const { kind, metadata } = object;
  const text = JSON.stringify({ ...object, metadata: { ...metadata, managedFields: "@managedFields" } });
  const shape = `${kind} ${Object.keys(object).join()} ${Object.keys(metadata).join()}`;
  let fields = texts.get(shape);
  if (fields === undefined) {
    fields = managedFields(object);
    texts.set(shape, fields);
  }
  const at = text.indexOf(placeholder);
  const owned = fields.replaceAll("@uid", metadata.ownerReferences?.[0]?.uid ?? "");
  return `${text.slice(0, at)}${owned}${text.slice(at + placeholder.length)}`;
}

const systemFields: ReadonlySet<string> = new Set([
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
]);

function managedFields(object: StoredObject): string {
  const { metadata, status, apiVersion: _version, kind, ...rest } = object;
  const owned = Object.fromEntries(Object.entries(metadata).filter(([name]) => !systemFields.has(name)));
  const [creator = "modelwright", reporter = creator] = managers[kind] ?? [];
  const entry = (manager: string, fields: object, subresource?: string): object => ({
    manager,
    operation: subresource !== undefined && kind === "ModelDeployment" ? "Apply" : "Update",
    apiVersion: object.apiVersion,
    time: "2026-01-01T00:00:00Z",
    fieldsType: "FieldsV1",
    fieldsV1: fields,
    ...(subresource === undefined ? {} : { subresource }),
  });
  const own = Object.keys(owned).length === 0 ? {} : { "f:metadata": members(owned) };
  return JSON.stringify([
    entry(creator, { ...own, ...members(rest) }),
    ...(status === undefined ? [] : [entry(reporter, { "f:status": members(status) }, "status")]),
  ]);
}

/** Fields that identify the entries of list-maps. */
const entryNames = ["uid", "type", "name", "containerPort", "mountPath", "port"] as const;

function members(value: unknown): object {
  if (Array.isArray(value)) return listMembers(value);
  if (typeof value !== "object" || value === null) return {};
  const fields = Object.entries(value).map(([name, member]) => [`f:${name}`, members(member)] as const);
  return Object.fromEntries([[".", {}] as const, ...fields]);
}

function listMembers(list: readonly unknown[]): object {
  const named = list.map((entry) => [entryKey(entry), members(entry)] as const);
  return Object.fromEntries(named.flatMap(([key, fields]) => (key === undefined ? [] : [[key, fields] as const])));
}

function entryKey(entry: unknown): string | undefined {
  const fields = new Map(Object.entries(typeof entry === "object" && entry !== null ? entry : {}));
  const name = entryNames.find((candidate) => fields.has(candidate));
  if (name === undefined) return undefined;
  const value: unknown = name === "uid" ? "@uid" : fields.get(name);
  return `k:${JSON.stringify({ [name]: value })}`;
}
