import type { Client } from "../../../kube/client.ts";
import type { ConfigMap, KubeObject } from "../../../kube/kinds.ts";
import { type Resource, resources } from "../../../kube/resources.ts";
import { kubeletFaults } from "../faults.ts";

/** What holds values of a pod's namespace under keys, as the kubelet names it in messages. */
export type KeyedKind = "ConfigMap" | "Secret";

type Contents = ReadonlyMap<string, Buffer>;

/** ConfigMaps and Secrets as a pod reads them. */
export interface KeyedObjects {
  /** Its bytes by key; undefined where there is no such object. */
  contents(kind: KeyedKind, name: string): Promise<Contents | undefined>;
}

const secrets: Resource = { group: "", version: "v1", kind: "Secret", plural: "secrets", namespaced: true };

/** Those of one namespace, read anew each time, as the kubelet does for each start of a container. */
export function keyedObjects(client: Pick<Client, "get">, namespace: string): KeyedObjects {
  return {
    contents: async (kind, name) => {
      if (kind === "Secret") {
        const secret = await client.get<KubeObject & Pick<ConfigMap, "data">>(secrets, { namespace, name });
        return secret && new Map(decoded(secret.data));
      }
      const configMap = await client.get<ConfigMap>(resources.configMaps, { namespace, name });
      if (configMap === undefined) return undefined;
      const texts = Object.entries(configMap.data ?? {}).map(([key, text]) => [key, Buffer.from(text)] as const);
      return new Map([...texts, ...decoded(configMap.binaryData)]);
    },
  };
}

/** The contents; a CreateContainerConfigError with the kubelet's words where there is no such object. */
export async function presentContents(objects: KeyedObjects, kind: KeyedKind, name: string): Promise<Contents> {
  const contents = await objects.contents(kind, name);
  if (contents === undefined) {
    throw kubeletFaults.CreateContainerConfigError({ cause: `${kind.toLowerCase()} "${name}" not found` });
  }
  return contents;
}

function decoded(data: Readonly<Record<string, string>> = {}): (readonly [string, Buffer])[] {
  return Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64")]);
}
