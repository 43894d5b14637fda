import type { FieldSet } from "../ownership/field-set.ts";
import type { SchemaNode } from "../schema/schema-node.ts";
import type { Draft } from "../values/api-object.ts";
import type { Cause, Subject } from "../values/api-error.ts";
import type { JsonObject } from "../values/json.ts";

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, greater ones with `-o wide`. */
  readonly priority: number;
  /** The cell for an object; `nowMs` for ages. */
  readonly cell: (object: JsonObject, nowMs: number) => string | number | boolean | null;
}

/** Where the scale subresource finds its numbers, as paths of keys. */
export interface ScalePaths {
  readonly specReplicas: readonly string[];
  readonly statusReplicas: readonly string[];
  /** A selector in text form (custom resources). */
  readonly labelSelector: readonly string[] | undefined;
  /** A `metav1.LabelSelector` (built-in kinds). */
  readonly selectorObject: readonly string[] | undefined;
}

/** What a kind adds to the general rules of writing. */
export interface Strategy {
  /** Fills defaults that are not in the schema; whoever writes the object owns them. */
  readonly fill?: (draft: Draft) => Draft;
  /** Sets what the server itself decides and nobody owns. `allot` gives a number never given before. */
  readonly prepare?: (draft: Draft, before: Draft | undefined, allot: () => number) => Draft;
  /** Rules beyond the schema. `before` is undefined on creation. */
  readonly validate?: (draft: Draft, before: Draft | undefined) => readonly Cause[];
}

/** A resource this server serves, built in or from a CustomResourceDefinition. */
export interface ServedKind extends Subject {
  readonly version: string;
  /** `v1` or `apps/v1`. */
  readonly apiVersion: string;
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** From a CustomResourceDefinition: unknown fields are pruned, nulls kept, generation counts every field but metadata and status. */
  readonly custom: boolean;
  /** Key of its collection in the store. */
  readonly collection: string;
  readonly schema: SchemaNode;
  readonly hasStatus: boolean;
  /** Creation may set status (a kubelet registers its node with one). */
  readonly keepsStatusOnCreate: boolean;
  readonly scale: ScalePaths | undefined;
  /** Objects count their changes in `metadata.generation`. */
  readonly countsGenerations: boolean;
  /** A change of labels counts, too. */
  readonly countsLabels: boolean;
  /** Lists of the object itself that Go prints as null when they are empty. */
  readonly printedLists: readonly string[];
  /** A replace without resourceVersion is taken as "whatever is there". */
  readonly allowsUnconditionalUpdate: boolean;
  /** A PUT to a name that is not there creates the object. */
  readonly allowsCreateOnUpdate: boolean;
  /** DELETE answers with the object instead of a Status. */
  readonly answersDeleted: boolean;
  readonly columns: readonly Column[];
  readonly selectableFields: ReadonlyMap<string, (object: JsonObject) => string>;
  readonly strategy: Strategy;
  readonly ignoredOnStatus: FieldSet;
  readonly verbs: readonly string[];
}

/** Under which name the store keeps a kind's objects: one collection for all versions of it. */
export const collectionKey = (group: string, plural: string): string => `${plural}.${group}`;
