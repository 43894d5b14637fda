import type { RuleTable } from "../../../../crds/schema/rule.ts";
import { emptySet, setOf } from "../ownership/field-set.ts";
import { schemaNode, type SchemaNode } from "../schema/schema-node.ts";
import { customColumns } from "../tables/custom-columns.ts";
import { textsOf, type ApiObject } from "../values/api-object.ts";
import { isObject, listOf, objectOf, textOf, type JsonObject } from "../values/json.ts";
import { customStrategy } from "./strategies/custom-strategy.ts";
import { allVerbs } from "./builtin-kinds.ts";
import { acceptedNames } from "./strategies/custom-resource-definition.ts";
import { definitions } from "./definitions.ts";
import { selectableFields } from "./selectable-fields.ts";
import { collectionKey, type ScalePaths, type ServedKind } from "./served-kind.ts";

/** The kinds of a CustomResourceDefinition: one per served version, all in one collection. */
export function customKinds(definition: ApiObject, rules: RuleTable): readonly ServedKind[] {
  const spec = objectOf(definition["spec"]);
  return listOf(spec["versions"])
    .map(objectOf)
    .filter((version) => version["served"] === true)
    .map((version) => customKind(spec, version, rules));
}

function customKind(spec: JsonObject, version: JsonObject, rules: RuleTable): ServedKind {
  const names = acceptedNames(spec);
  const group = textOf(spec["group"]);
  const plural = textOf(names["plural"]);
  const subresources = objectOf(version["subresources"]);
  const schema = completeSchema(objectOf(objectOf(version["schema"])["openAPIV3Schema"]));
  const hasStatus = isObject(subresources["status"]);
  const type = { apiVersion: `${group}/${textOf(version["name"])}`, kind: textOf(names["kind"]) };
  return {
    group,
    version: textOf(version["name"]),
    ...type,
    plural,
    singular: textOf(names["singular"]),
    listKind: textOf(names["listKind"]),
    shortNames: textsOf(names["shortNames"]),
    categories: textsOf(names["categories"]),
    namespaced: spec["scope"] === "Namespaced",
    custom: true,
    collection: collectionKey(group, plural),
    schema,
    hasStatus,
    keepsStatusOnCreate: false,
    scale: scaleOf(subresources["scale"]),
    countsGenerations: true,
    countsLabels: false,
    printedLists: [],
    allowsUnconditionalUpdate: false,
    allowsCreateOnUpdate: false,
    returnsDeleted: false,
    columns: customColumns(listOf(version["additionalPrinterColumns"]).map(objectOf)),
    selectableFields: selectableFields("", selectablePaths(version)),
    strategy: customStrategy(type, version, rules),
    ignoredOnStatus: hasStatus ? setOf(["metadata"], ["spec"]) : emptySet,
    verbs: allVerbs,
  };
}

const selectablePaths = (version: JsonObject): readonly string[] =>
  listOf(version["selectableFields"]).map((field) => textOf(objectOf(field)["jsonPath"]).replace(/^\./u, ""));

function scaleOf(scale: JsonObject[string] | undefined): ScalePaths | undefined {
  if (!isObject(scale)) return undefined;
  const path = (key: string): readonly string[] =>
    textOf(scale[key])
      .split(".")
      .filter((part) => part !== "");
  const selector = path("labelSelectorPath");
  return {
    specReplicas: path("specReplicasPath"),
    statusReplicas: path("statusReplicasPath"),
    labelSelector: selector.length === 0 ? undefined : selector,
    selectorObject: undefined,
  };
}

/** The CRD's schema with `apiVersion`, `kind` and `metadata` added. */
function completeSchema(written: JsonObject): SchemaNode {
  const root = schemaNode(written);
  const objectMeta = schemaNode(
    { $ref: "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" },
    definitions(),
  );
  const text = schemaNode({ type: "string" });
  const fields = new Map([...root.fields, ["apiVersion", text], ["kind", text], ["metadata", objectMeta]] as const);
  return { ...root, fields, type: "object", raw: written };
}
