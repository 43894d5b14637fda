import type { RuleTable } from "../../../../../crds/schema/rule.ts";
import { validatedObject, type ServedVersion } from "../../../../../crds/schema/structural/custom-resource.ts";
import { scaleIssues } from "../../../../../crds/schema/structural/scale-check.ts";
import { flawlessness } from "../../schema/flawless.ts";
import type { Cause } from "../../values/api-error.ts";
import { draftOf, type Draft } from "../../values/api-object.ts";
import { interned } from "../../values/interned.ts";
import { isObject, objectOf, textOf, type JsonObject } from "../../values/json.ts";
import { remembered } from "../../values/remembered.ts";
import type { Strategy } from "../served-kind.ts";

/** The rules of a custom resource: those of its schema, CEL included where the table knows the rule's text. */
export function customStrategy(
  kind: { readonly apiVersion: string; readonly kind: string },
  version: JsonObject,
  rules: RuleTable,
): Strategy {
  const served = servedVersion(kind, version);
  const found = (draft: Draft): readonly Cause[] =>
    validatedObject(served, draft, rules).map(({ type, field, body }): Cause => ({
      reason: type,
      message: body,
      field,
    }));
  const foundIn = remembered((checked: JsonObject) => found(draftOf(checked)));
  const isFlawless = flawlessness(rules);
  const isWell = (draft: Draft): boolean =>
    draft.kind === kind.kind &&
    draft.apiVersion === kind.apiVersion &&
    scaleIssues(served.scale, draft).length === 0 &&
    isFlawless(draft, served.schema);
  return {
    validate: (draft) => {
      // Of metadata a schema knows no more than the name.
      const { name, generateName } = draft.metadata;
      const metadata = {
        ...(name === undefined ? {} : { name }),
        ...(generateName === undefined ? {} : { generateName }),
      };
      const checked = { ...draft, metadata };
      return isWell(checked) ? [] : foundIn(objectOf(interned(checked)));
    },
  };
}

function servedVersion(
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  version: JsonObject,
): ServedVersion {
  const { schema, subresources } = version;
  const written = isObject(schema) ? schema["openAPIV3Schema"] : undefined;
  const scale = isObject(subresources) ? subresources["scale"] : undefined;
  return {
    apiVersion,
    kind,
    schema: isObject(written) ? written : {},
    hasStatus: isObject(subresources) && isObject(subresources["status"]),
    ...(isObject(scale)
      ? {
          scale: {
            specReplicasPath: textOf(scale["specReplicasPath"]),
            statusReplicasPath: textOf(scale["statusReplicasPath"]),
          },
        }
      : {}),
  };
}
