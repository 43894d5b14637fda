import { difference, fieldElement, mutableSet, insert, intersection, isEmpty, type FieldSet } from "./field-set.ts";
import { identityOf, duplicatePrefix, type FieldOwner, type FieldOwners } from "./field-owners.ts";

/** A write of the scale subresource. */
export interface ScaleWrite {
  readonly writer: { readonly name: string; readonly apiVersion: string };
  /** Path of the replicas field. */
  readonly path: readonly string[];
  readonly changes: boolean;
}

/**
 * The managers after a write of the scale subresource, with the quirks of apimachinery's ScaleHandler: unowned replicas
 * stay unowned, an Update manager that owns them gets a separate entry for them, and new entries have no time.
 */
export function scaledManagers(managers: FieldOwners, { writer, path, changes }: ScaleWrite): FieldOwners {
  const replicas = mutableSet();
  insert(replicas, path.map(fieldElement));
  const owners = [...managers].filter(([, { fields }]) => !isEmpty(intersection(fields, replicas)));
  if (owners.length === 0) return managers;
  const result = new Map(managers);
  const freed: FieldOwner[] = [];
  for (const [id, manager] of owners) {
    if (!changes && manager.operation === "Apply") continue;
    const left = difference(manager.fields, replicas);
    if (isEmpty(left)) result.delete(id);
    else result.set(id, { ...manager, fields: left });
    if (!changes) freed.push({ ...manager, fields: replicas, time: "" });
  }
  const added = changes ? [ownerByScale(writer, replicas)] : freed;
  for (const manager of added) {
    const id = identityOf(manager);
    result.set(result.has(id) ? `${duplicatePrefix}${id}` : id, manager);
  }
  return result;
}

const ownerByScale = ({ name, apiVersion }: ScaleWrite["writer"], fields: FieldSet): FieldOwner => ({
  name,
  operation: "Update",
  apiVersion,
  subresource: "scale",
  time: "",
  fields,
});
