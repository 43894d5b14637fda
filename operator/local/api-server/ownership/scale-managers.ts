import { difference, fieldElement, growingSet, insert, intersection, isEmpty, type FieldSet } from "./field-set.ts";
import { identityOf, twin, type FieldOwner, type FieldOwners } from "./field-owners.ts";

/** A write through the scale subresource. */
export interface ScaleWrite {
  readonly writer: { readonly name: string; readonly apiVersion: string };
  /** Where the object has its replicas, as keys. */
  readonly path: readonly string[];
  readonly changes: boolean;
}

/**
 * The managers after a write of the scale subresource, with the quirks of the real server (apimachinery's ScaleHandler):
 * replicas that nobody owns stay unowned, an updater that owns them gets an entry for them alone, and no new entry has a
 * time.
 */
export function scaledManagers(managers: FieldOwners, { writer, path, changes }: ScaleWrite): FieldOwners {
  const replicas = growingSet();
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
    result.set(result.has(id) ? `${twin}${id}` : id, manager);
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
