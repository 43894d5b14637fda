import { dirname } from "node:path";

import { offender, type Rule, sources } from "./rule.ts";
import { lineCount, type SourceFile, statements, type SyntaxNode } from "./syntax.ts";

const maxLines = 300;
const maxFilesPerFolder = 12;
const maxReconcileLines = 60;

/** Size limits; exceeding one means a missing concept. (oxlint measures functions.) */
export const budgetRules: readonly Rule[] = [
  {
    sentence: `a source file has at most ${maxLines} lines`,
    violations: (files) =>
      sources(files)
        .filter((file) => lineCount(file) > maxLines)
        .map((file) => `${file.path} has ${lineCount(file)} lines; at most ${maxLines}: a concept is missing`),
    offence: {
      files: [
        offender("crds/long.ts", ...Array.from({ length: 301 }, () => "//")),
        offender("crds/fits.ts", ...Array.from({ length: 300 }, () => "//")),
      ],
      violations: ["crds/long.ts has 301 lines; at most 300: a concept is missing"],
    },
  },
  {
    sentence: `a folder has at most ${maxFilesPerFolder} source files`,
    violations: (files) =>
      [...Map.groupBy(sources(files), ({ path }) => dirname(path))]
        .filter(([, members]) => members.length > maxFilesPerFolder)
        .map(([path, { length }]) => `${path}/ has ${length} source files; at most ${maxFilesPerFolder}`),
    offence: {
      files: [
        ...Array.from({ length: 13 }, (_, index) => offender(`runtime/wide/f${index}.ts`)),
        ...Array.from({ length: 12 }, (_, index) => offender(`runtime/fits/f${index}.ts`)),
      ],
      violations: ["runtime/wide/ has 13 source files; at most 12"],
    },
  },
  {
    sentence: `reconcile.ts has at most ${maxReconcileLines} lines`,
    violations: (files) =>
      sources(files)
        .filter((file) => file.path.endsWith("/reconcile.ts") && lineCount(file) > maxReconcileLines)
        .map((file) => `${file.path} has ${lineCount(file)} lines; at most ${maxReconcileLines}`),
    offence: {
      files: [
        offender("operator/model-deployment/reconcile.ts", ...Array.from({ length: 61 }, () => "//")),
        offender("operator/other/reconcile.ts", ...Array.from({ length: 60 }, () => "//")),
      ],
      violations: ["operator/model-deployment/reconcile.ts has 61 lines; at most 60"],
    },
  },
  {
    sentence: "no file only passes on what others export",
    violations: (files) =>
      sources(files)
        .filter(passesOnOnly)
        .map(({ path }) => `${path} only re-exports; import from where the thing is`),
    offence: {
      files: [
        offender("crds/index.ts", 'import { b } from "./b.ts";', 'export * from "./a.ts";', "export { b };"),
        offender("crds/a.ts", 'export type { B } from "./b.ts";', "export const a = 1;"),
      ],
      violations: ["crds/index.ts only re-exports; import from where the thing is"],
    },
  },
];

function passesOnOnly(file: SourceFile): boolean {
  const body = statements(file);
  return body.some((statement) => statement.type.startsWith("Export")) && body.every(passesOn);
}

function passesOn(statement: SyntaxNode): boolean {
  if (statement.type === "ImportDeclaration" || statement.type === "ExportAllDeclaration") return true;
  return statement.type === "ExportNamedDeclaration" && statement["declaration"] === null;
}
