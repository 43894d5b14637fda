import type { InPlaceModel } from "../../../runtime/contract/in-place.ts";

/** The models in a pod's annotation; empty when it has another format, which only somebody else can have written. */
export function inPlaceModels(text: string): readonly InPlaceModel[] {
  if (text === "") return [];
  try {
    const listed: unknown = JSON.parse(text);
    return Array.isArray(listed) ? listed.filter(isModel) : [];
  } catch {
    return [];
  }
}

function isModel(value: unknown): value is InPlaceModel {
  const { revision, version, path, format } = Object(value) as Partial<Record<keyof InPlaceModel, unknown>>; // any members read as undefined
  return [revision, version, path, format].every((member) => typeof member === "string");
}
