import { faults } from "../base/faults.ts";
import type { OptionNames, ParsedOptions } from "../base/parsed-options.ts";
import { environment } from "../contract/environment.ts";
import { labelledRevision } from "./in-place-models.ts";

/** Options of a pod that may be updated in place. */
export interface InPlaceOptions {
  /** Revision whose model is on the pod's volume. */
  readonly revision: string;
  /** Folder with the files of `inPlaceFiles`. */
  readonly folder: string;
}

/**
 * The two variables of a pod that may be updated in place, or neither. `others`: options of several models, or of models that
 * others than the operator change. Throws `OptionMissing` or `OptionInvalid`.
 */
export function inPlaceOptions(
  source: ParsedOptions,
  others: readonly OptionNames[],
): { readonly inPlace?: InPlaceOptions } {
  const revision = source.find({ variable: environment.revision });
  const folder = source.find({ variable: environment.inPlaceFolder });
  if (folder === undefined && revision === undefined) return {};
  if (revision === undefined) {
    throw faults.OptionMissing({ option: environment.revision, expected: "the revision of the model at the path" });
  }
  if (folder === undefined) {
    const expected = "the folder with the pod's label and its list of models";
    throw faults.OptionMissing({ option: environment.inPlaceFolder, expected });
  }
  if (labelledRevision(revision.text) !== revision.text) {
    throw faults.OptionInvalid({ option: revision.option, value: revision.text, expected: "a value of a label" });
  }
  const other = others.map((names) => source.find(names)).find((given) => given !== undefined);
  if (other !== undefined) {
    const expected = `absent beside ${folder.option} ${folder.text}`;
    throw faults.OptionInvalid({ option: other.option, value: other.text, expected });
  }
  return { inPlace: { revision: revision.text, folder: folder.text } };
}
