import { childNode, untyped, type SchemaNode } from "../schema/schema-node.ts";
import { badRequest } from "../values/api-error.ts";
import { equalJson, isList, isObject, listOf, type Json, type JsonObject } from "../values/json.ts";

/**
 * Applies a strategic merge patch with the schema's patch strategies and merge keys, and the directives `$patch`,
 * `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…`
 * (k8s.io/apimachinery/pkg/util/strategicpatch).
 */
export function strategicallyPatched(document: JsonObject, patch: JsonObject, node: SchemaNode): JsonObject {
  if (patch["$patch"] === "replace") return withoutDirectives(patch);
  if (patch["$patch"] === "delete") return {};
  const result: Record<string, Json> = { ...document };
  retainKeys(result, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$")) continue;
    if (value === null) {
      delete result[key];
      continue;
    }
    result[key] = patchedValue(result[key], value, {
      node: childNode(node, key) ?? untyped,
      order: patch[`$setElementOrder/${key}`],
    });
  }
  for (const [key, value] of Object.entries(patch)) applyListDirective(result, key, value, node);
  return result;
}

interface Field {
  readonly node: SchemaNode;
  readonly order: Json | undefined;
}

function patchedValue(before: Json | undefined, patch: Json, { node, order }: Field): Json {
  if (isObject(patch)) {
    if (node.patchStrategy.includes("replace")) return patch;
    return strategicallyPatched(isObject(before) ? before : {}, patch, node);
  }
  if (!isList(patch) || !node.patchStrategy.includes("merge")) return patch;
  const { mergeKey } = node;
  const old = listOf(before);
  const list = mergeKey === undefined ? mergedPrimitives(old, patch) : mergedItems(old, patch, node, mergeKey);
  return ordered(list, { patchOrder: order === undefined ? patch : listOf(order), serverOrder: old, mergeKey });
}

function mergedPrimitives(before: readonly Json[], patch: readonly Json[]): readonly Json[] {
  return [...before, ...patch.filter((item) => !before.some((known) => equalJson(known, item)))];
}

function mergedItems(
  before: readonly Json[],
  patch: readonly Json[],
  node: SchemaNode,
  mergeKey: string,
): readonly Json[] {
  if (patch.some((item) => isObject(item) && item["$patch"] === "replace")) {
    return patch.filter((item) => !(isObject(item) && "$patch" in item));
  }
  let result = [...before];
  for (const item of patch) {
    if (!isObject(item)) throw badRequest("map: found an element that isn't an object in a list with a merge key");
    const key = item[mergeKey];
    if (key === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    const index = result.findIndex((known) => isObject(known) && equalJson(known[mergeKey], key));
    if (item["$patch"] === "delete") result = result.filter((_, at) => at !== index);
    else if (index === -1) result.push(strategicallyPatched({}, item, node.items ?? untyped));
    else result[index] = strategicallyPatched(asObject(result[index]), item, node.items ?? untyped);
  }
  return result;
}

const asObject = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

const identity = (item: Json, mergeKey: string | undefined): Json | undefined =>
  mergeKey === undefined ? item : asObject(item)[mergeKey];

interface Orders {
  readonly patchOrder: readonly Json[];
  readonly serverOrder: readonly Json[];
  readonly mergeKey: string | undefined;
}

// Merges the items of the patch, in patch order, with the other items, in server order. An item that is new to the server
// comes before the server items that it is compared with (mergeSortedSlice).
function ordered(list: readonly Json[], { patchOrder, serverOrder, mergeKey }: Orders): readonly Json[] {
  const rankIn = (order: readonly Json[], item: Json): number =>
    order.findIndex((other) => equalJson(identity(other, mergeKey), identity(item, mergeKey)));
  const ofPatch = list
    .filter((item) => rankIn(patchOrder, item) !== -1)
    .sort((left, right) => rankIn(patchOrder, left) - rankIn(patchOrder, right));
  const ofServer = list.filter((item) => rankIn(patchOrder, item) === -1);
  const result: Json[] = [];
  let next = 0;
  for (const item of ofPatch) {
    const rank = rankIn(serverOrder, item);
    const later = ofServer.findIndex((other, index) => index >= next && rankIn(serverOrder, other) > rank);
    const until = later === -1 ? ofServer.length : later;
    if (rank !== -1) {
      result.push(...ofServer.slice(next, until));
      next = until;
    }
    result.push(item);
  }
  return [...result, ...ofServer.slice(next)];
}

function applyListDirective(result: Record<string, Json>, key: string, value: Json, node: SchemaNode): void {
  const [directive, field] = key.split("/", 2);
  if (field === undefined || !(field in result)) return;
  if (directive === "$deleteFromPrimitiveList") {
    const deleted = listOf(value);
    result[field] = listOf(result[field]).filter((item) => !deleted.some((one) => equalJson(one, item)));
  }
  if (directive === "$setElementOrder") {
    const serverOrder = listOf(result[field]);
    result[field] = ordered(serverOrder, {
      patchOrder: listOf(value),
      serverOrder,
      mergeKey: childNode(node, field)?.mergeKey,
    });
  }
}

function retainKeys(result: Record<string, Json>, patch: JsonObject): void {
  const kept = patch["$retainKeys"];
  if (!isList(kept)) return;
  for (const key of Object.keys(result)) if (!kept.includes(key)) delete result[key];
}

const withoutDirectives = (patch: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith("$")));
