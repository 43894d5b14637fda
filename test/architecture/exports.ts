import { importsOf } from "./imports.ts";
import { isTypeScript, offender, type Rule } from "./rule.ts";
import { child, children, named, place, type SourceFile, statements, type SyntaxNode } from "./syntax.ts";

/** Exports are used. Types are exempt: a caller may need to name a parameter's type. */
export const exportRules: readonly Rule[] = [
  {
    sentence: "a function, constant or class that is exported is imported by another file",
    violations: (files) => {
      const modules = files.filter(({ path }) => isTypeScript(path));
      const imports = modules.flatMap(importsOf);
      const whole = new Set(imports.filter(({ names }) => names === undefined).map(({ target }) => target));
      const taken = new Set(imports.flatMap(({ target, names = [] }) => names.map((name) => `${target} ${name}`)));
      return modules
        .filter(({ path }) => !whole.has(path))
        .flatMap((file) => exportedValues(file).filter(({ name }) => !taken.has(`${file.path} ${name}`)))
        .map(({ name, at }) => `${at} exports ${name}, which nobody imports`);
    },
    offence: {
      files: [
        offender(
          "crds/a.ts",
          "export const used = 1;",
          "export const { one, other } = used;",
          "export function unused() {}",
          "export interface Told { readonly a: 1 }",
          "export default unused;",
        ),
        offender("crds/whole.ts", "export class Whole {}"),
        offender("crds/late.ts", "export class Late {}"),
        offender(
          "operator/b.ts",
          'import { one, used as mine } from "../crds/a.ts";',
          'import * as whole from "../crds/whole.ts";',
          'const { Late } = await import("../crds/late.ts");',
          "export const own = [one, mine, whole, Late];",
        ),
      ],
      violations: [
        "crds/a.ts:2 exports other, which nobody imports",
        "crds/a.ts:3 exports unused, which nobody imports",
        "operator/b.ts:4 exports own, which nobody imports",
      ],
    },
  },
];

interface Exported {
  readonly name: string;
  readonly at: string;
}

/** Functions, constants and classes that a file exports by name. */
function exportedValues(file: SourceFile): readonly Exported[] {
  return statements(file)
    .filter(({ type }) => type === "ExportNamedDeclaration")
    .flatMap((statement) => {
      const names = declaredNames(child(statement, "declaration"));
      return names.map((name) => ({ name, at: place(file, statement) }));
    });
}

function declaredNames(declaration: SyntaxNode | undefined): readonly string[] {
  if (declaration === undefined || declaration.type.startsWith("TS")) return [];
  if (declaration.type !== "VariableDeclaration") return [named(declaration, "id") ?? ""];
  return children(declaration, "declarations").flatMap((one) => {
    const id = child(one, "id");
    return id?.type === "ObjectPattern"
      ? children(id, "properties").map((property) => named(property, "value") ?? "")
      : [named(one, "id") ?? ""];
  });
}
