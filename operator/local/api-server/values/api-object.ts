import { interned } from "./interned.ts";
import { isList, isObject, objectOf, textOf, type Json, type JsonObject } from "./json.ts";

/** Metadata of an object in the store. Everything that the server sets is there. */
export interface Metadata extends JsonObject {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** An object as the store keeps it: plain JSON with its identity checked once, at the door. */
export interface ApiObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
}

/** An object on its way in: it has metadata, of which nothing is known yet. */
export interface Draft extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: JsonObject;
}

/** Puts type and metadata first, as the real server prints them. */
export function draftOf(value: JsonObject): Draft {
  return {
    kind: textOf(value["kind"]),
    apiVersion: textOf(value["apiVersion"]),
    metadata: objectOf(value["metadata"]),
    ...restOf(value),
  };
}

const restOf = ({ kind: _kind, apiVersion: _apiVersion, metadata: _metadata, ...rest }: JsonObject): JsonObject => rest;

/** The draft that all equal ones share. */
export const internedDraft = (draft: Draft): Draft => interned(draft) as Draft; // a copy of it

/** A draft whose parts are shared with equal ones, metadata aside: it has what no other object has. */
export function withInternedParts(draft: Draft): Draft {
  const parts: Record<string, Json> = {};
  for (const key of Object.keys(draft)) parts[key] = key === "metadata" ? draft.metadata : interned(draft[key]);
  return { kind: draft.kind, apiVersion: draft.apiVersion, metadata: draft.metadata, ...parts };
}

/** A draft with other metadata; key order and everything else stay. */
export const withMetadata = (draft: Draft, metadata: JsonObject): Draft => ({ ...draft, metadata });

/** A draft whose identity is complete, under a new version where one is given. */
export function sealed(draft: Draft, version?: string): ApiObject {
  const { name, uid, resourceVersion } = draft.metadata;
  return {
    ...draft,
    metadata: {
      ...draft.metadata,
      resourceVersion: version ?? textOf(resourceVersion),
      name: textOf(name),
      uid: textOf(uid),
    },
  };
}

/** The object's namespace; empty for what is in none. */
export const namespaceOf = (object: { readonly metadata: JsonObject }): string => textOf(object.metadata["namespace"]);

/** The object's name; empty before it has one. */
export const nameOf = (object: { readonly metadata: JsonObject }): string => textOf(object.metadata["name"]);

/** Whether only finalizers or a grace period keep the object. */
export const isBeingDeleted = (object: { readonly metadata: JsonObject }): boolean =>
  textOf(object.metadata["deletionTimestamp"]) !== "";

/** The finalizers that still hold the object. */
export const finalizersOf = (object: { readonly metadata: JsonObject }): readonly string[] =>
  textsOf(object.metadata["finalizers"]);

/** The texts of a list; nothing of what is no list. */
export function textsOf(value: Json | undefined): readonly string[] {
  return isList(value) ? value.filter((item) => typeof item === "string") : [];
}

/** An owner as `metadata.ownerReferences` names it. */
export interface Owner {
  readonly uid: string;
  readonly kind: string;
  readonly name: string;
  readonly apiVersion: string;
  readonly blocksDeletion: boolean;
}

/** The object's owners; nothing of what is no list of references. */
export function ownersOf(object: { readonly metadata: JsonObject }): readonly Owner[] {
  const references = object.metadata["ownerReferences"];
  if (!isList(references)) return [];
  return references.filter(isObject).map((reference) => ({
    uid: textOf(reference["uid"]),
    kind: textOf(reference["kind"]),
    name: textOf(reference["name"]),
    apiVersion: textOf(reference["apiVersion"]),
    blocksDeletion: reference["blockOwnerDeletion"] === true,
  }));
}
