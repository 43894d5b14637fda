import { missingField } from "../../crds/schema/missing-field.ts";
import structure from "../../crds/generated/model-deployment.structure.json" with { type: "json" };
import type { StructuralSchema } from "../../crds/schema/structural/structural-schema.ts";
import { Fault } from "../../runtime/base/fault.ts";
import type { Log } from "../../runtime/base/log.ts";
import type { Client } from "../kube/client.ts";
import type { KubeObject } from "../kube/kinds.ts";
import { resources } from "../kube/resources.ts";

/** The CustomResourceDefinition that the API server serves, beside the one that this operator was built with. */
export interface ServedDefinition {
  /** The first field of ours that the server drops, as `.spec.model`; undefined when there is none or nobody knows. */
  readonly lackingField: string | undefined;
  /** Looks at it again. Returns at once and never fails. */
  look(): void;
}

export interface ServedDefinitionOptions {
  readonly client: Client;
  readonly log: Log;
  /** Told when `lackingField` has changed. */
  readonly onChange: () => void;
}

interface Definition extends KubeObject {
  readonly spec: { readonly versions: readonly { readonly name: string; readonly schema?: object }[] };
}

const ownSchema = structure as StructuralSchema; // printed from one, see crds/v1alpha1/documents.ts

/** Knows nothing before the first look. */
export function createServedDefinition({ client, log, onChange }: ServedDefinitionOptions): ServedDefinition {
  let lackingField: string | undefined;
  let looking: Promise<void> | undefined;
  const { plural, group } = resources.modelDeployments;
  const name = `${plural}.${group}`;
  const look = async (): Promise<void> => {
    try {
      const definition = await client.get<Definition>(resources.customResourceDefinitions, { name });
      const found = definition && lacking(definition);
      if (found === lackingField) return;
      lackingField = found;
      if (found !== undefined) log.error("the CustomResourceDefinition is older than this operator", { lacks: found });
      onChange();
    } catch (thrown) {
      log.debug("the CustomResourceDefinition cannot be read", { cause: Fault.from(thrown).message });
    }
  };
  return {
    get lackingField() {
      return lackingField;
    },
    look() {
      looking ??= look().finally(() => (looking = undefined));
    },
  };
}

function lacking({ spec }: Definition): string | undefined {
  const version = spec.versions.find(({ name }) => name === resources.modelDeployments.version);
  const schema: { readonly openAPIV3Schema?: unknown } = version?.schema ?? {};
  return version === undefined ? undefined : missingField(ownSchema, schema.openAPIV3Schema);
}
