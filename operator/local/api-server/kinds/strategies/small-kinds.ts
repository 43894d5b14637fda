import { nameOf } from "../../values/api-object.ts";
import { isList, listOf, objectOf, textOf, type Json } from "../../values/json.ts";
import { invalidValue, requiredValue } from "./causes.ts";
import type { Strategy } from "../served-kind.ts";

/** A namespace holds itself by `spec.finalizers` until its contents are gone, and carries its name as a label. */
export const namespace: Strategy = {
  prepare: (draft, before) => {
    const labels = { "kubernetes.io/metadata.name": nameOf(draft), ...objectOf(draft.metadata["labels"]) };
    const labelled = { ...draft, metadata: { ...draft.metadata, labels } };
    if (before !== undefined) return { ...labelled, spec: objectOf(before["spec"]) };
    return { ...labelled, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } };
  },
};

/** PersistentVolumeClaims, which stay Pending: nothing here provisions volumes. */
export const persistentVolumeClaim: Strategy = {
  fill: (draft) => {
    const spec = objectOf(draft["spec"]);
    return { ...draft, spec: { ...spec, volumeMode: spec["volumeMode"] ?? "Filesystem" } };
  },
  prepare: (draft, before) => (before === undefined ? { ...draft, status: { phase: "Pending" } } : draft),
  validate: (draft) =>
    listOf(objectOf(draft["spec"])["accessModes"]).length === 0
      ? [requiredValue("spec.accessModes", "at least 1 access mode is required")]
      : [],
};

/** Secrets: `stringData` becomes `data`. */
export const secret: Strategy = {
  fill: (draft) => {
    const plain = Object.entries(objectOf(draft["stringData"])).map(([key, value]) => [
      key,
      Buffer.from(textOf(value)).toString("base64"),
    ]);
    const { stringData: _stringData, ...rest } = draft;
    const data = { ...objectOf(draft["data"]), ...Object.fromEntries(plain) };
    return {
      ...rest,
      kind: draft.kind,
      apiVersion: draft.apiVersion,
      metadata: draft.metadata,
      ...(Object.keys(data).length === 0 ? {} : { data }),
      type: textOf(draft["type"]) || "Opaque",
    };
  },
};

const nullIfEmpty = (value: Json | undefined): Json => (listOf(value).length === 0 ? null : (value ?? null));

/** EndpointSlices, whose address type stays. */
export const endpointSlice: Strategy = {
  // Go prints both lists even when they are not there.
  prepare: (draft) => ({ ...draft, endpoints: nullIfEmpty(draft["endpoints"]), ports: nullIfEmpty(draft["ports"]) }),
  validate: (draft, before) => {
    const type = textOf(draft["addressType"]);
    const isChanged = before !== undefined && before["addressType"] !== draft["addressType"];
    return [
      ...(type === "" ? [requiredValue("addressType")] : []),
      ...(isChanged ? [invalidValue("addressType", type === "" ? null : type, "field is immutable")] : []),
    ];
  },
  fill: (draft) => ({
    ...draft,
    ...(isList(draft["ports"])
      ? { ports: listOf(draft["ports"]).map((port) => ({ name: "", protocol: "TCP", ...objectOf(port) })) }
      : {}),
  }),
};

/** Events of core/v1. */
export const event: Strategy = {
  // Go prints times that are not set as null.
  prepare: (draft) => ({
    ...draft,
    firstTimestamp: draft["firstTimestamp"] ?? null,
    lastTimestamp: draft["lastTimestamp"] ?? null,
    eventTime: draft["eventTime"] ?? null,
  }),
};
