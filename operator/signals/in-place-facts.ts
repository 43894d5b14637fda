import type { InPlaceFacts } from "../../runtime/contract/in-place.ts";
import { listOf, optional, recordOf, text, type ValueRule } from "./validation.ts";

/** What a runtime says of its revisions; absent from one that keeps its model. */
export const inPlaceRule: ValueRule = optional(
  recordOf({
    serving: text,
    loaded: listOf(text),
    failed: optional(recordOf({ revision: text, reason: text, message: text })),
  }),
);

/** A pod has two models loaded at most, besides those that it is letting go. */
const maxLoaded = 4;

/** Limits decoded facts to what is useful. */
export function limitedInPlaceFacts(
  { serving, loaded, failed }: InPlaceFacts,
  truncated: (value: string) => string,
): InPlaceFacts {
  return {
    serving: truncated(serving),
    loaded: loaded.slice(0, maxLoaded).map(truncated),
    ...(failed === undefined
      ? {}
      : {
          failed: {
            revision: truncated(failed.revision),
            reason: truncated(failed.reason),
            message: truncated(failed.message),
          },
        }),
  };
}
