import { readFile } from "node:fs/promises";

import type { Kubectl } from "../../cluster/launch/kubectl.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly apiGroup?: string; readonly resource: string; readonly subresource?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Each right as text, such as `patch modeldeployments.modelwright.dev/status`. */
export async function grantedRights(
  kubectl: Kubectl,
  roles: readonly (readonly string[])[],
): Promise<readonly string[]> {
  const rights: string[] = [];
  for (const role of roles) {
    const { code, stdout, stderr } = await kubectl(["get", ...role, "--output=json"]);
    if (code !== 0) throw new Error(stderr);
    const { rules } = JSON.parse(stdout) as { rules: readonly Rule[] }; // a role
    rights.push(...rules.flatMap(rightsOf));
  }
  return [...new Set(rights)].sort();
}

/** Requests of a user in the API server's audit log: those allowed and those forbidden. */
export async function usedRights(
  auditLog: string,
  user: string,
): Promise<{ readonly allowed: readonly string[]; readonly forbidden: readonly string[] }> {
  const allowed = new Set<string>();
  const forbidden = new Set<string>();
  // The last line may be incomplete.
  for (const line of (await readFile(auditLog, "utf8")).split("\n").slice(0, -1)) {
    const { verb, user: asker, objectRef, annotations = {} } = JSON.parse(line) as AuditEvent; // the server's own format
    if (asker.username !== user || objectRef === undefined) continue;
    const { apiGroup = "", resource, subresource } = objectRef;
    const asked = right(verb, apiGroup, [resource, ...(subresource === undefined ? [] : [subresource])]);
    (annotations["authorization.k8s.io/decision"] === "allow" ? allowed : forbidden).add(asked);
  }
  return { allowed: [...allowed].sort(), forbidden: [...forbidden].sort() };
}

function rightsOf({ apiGroups, resources, verbs }: Rule): readonly string[] {
  const named = apiGroups.flatMap((group) => resources.map((name) => ({ group, name })));
  return named.flatMap(({ group, name }) => verbs.map((verb) => right(verb, group, name.split("/"))));
}

function right(verb: string, group: string, [resource = "", ...subresource]: readonly string[]): string {
  return [verb, [`${resource}${group === "" ? "" : `.${group}`}`, ...subresource].join("/")].join(" ");
}
