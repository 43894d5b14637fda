import { describe, expect, test } from "vitest";

import { generatedDocuments } from "../crds/v1alpha1/documents.ts";
import { budgetRules } from "./architecture/budgets.ts";
import { coverageRules } from "./architecture/coverage.ts";
import { documentRules } from "./architecture/documents.ts";
import { exportRules } from "./architecture/exports.ts";
import { generatedRules } from "./architecture/generated.ts";
import { hygieneRules } from "./architecture/hygiene.ts";
import { languageRules } from "./architecture/language.ts";
import { layerRules } from "./architecture/layers.ts";
import { nameRules } from "./architecture/names.ts";
import { purityRules } from "./architecture/purity.ts";
import { repositoryFiles, root } from "./architecture/repository.ts";
import type { Rule } from "./architecture/rule.ts";
import { seamRules } from "./architecture/seams.ts";

const chapters: Readonly<Record<string, readonly Rule[]>> = {
  "who may import whom": layerRules,
  decisions: purityRules,
  budgets: budgetRules,
  names: nameRules,
  language: languageRules,
  exports: exportRules,
  "facts with one home": seamRules,
  tests: coverageRules,
  documents: [...documentRules, ...generatedRules(generatedDocuments())],
  "what stays out of a commit": hygieneRules(root),
};

const files = repositoryFiles();

describe.each(Object.entries(chapters))("%s", (_chapter, rules) => {
  test.each(rules)("$sentence", ({ violations }) => {
    expect(violations(files)).toEqual([]);
  });

  test.each(rules)("it is noticed when not: $sentence", ({ violations, offence }) => {
    expect(violations(offence.files)).toEqual(offence.violations);
  });
});
