import { offender, type Rule, sources } from "./rule.ts";
import { child, named, place, type SourceFile, type SyntaxNode, syntaxNodes } from "./syntax.ts";

const entryPoints = /^(operator|runtime)\/([a-z-]+\/)?(main|options)\.ts$|^operator\/cli\/|^crds\/generate\.ts$/;
const labelHomes = /^crds\/|^operator\/model-deployment\/resources\/labels\.ts$/;
// `modelwright.dev/v1alpha1` is the version of the API, not a label.
const label = /\bmodelwright\.dev\/(?!v\d)/;

/** Facts that may stand in one place only. */
export const seamRules: readonly Rule[] = [
  {
    sentence: "process.env and process.argv are read in main.ts, options.ts and the command line only",
    violations: (files) =>
      found(files, entryPoints, (node) => {
        const name = `${named(node, "object")}.${named(node, "property")}`;
        const isRead = node.type === "MemberExpression" && /^process\.(env|argv)$/.test(name);
        return isRead ? `reads ${name}; take it as an option` : undefined;
      }),
    offence: {
      files: [
        offender("runtime/server/http.ts", "const port = process.env.PORT;", "const id = process.pid;"),
        offender("runtime/main.ts", "const port = process.env.PORT;"),
        offender("operator/cli/start.ts", "const [command] = process.argv;"),
      ],
      violations: ["runtime/server/http.ts:1 reads process.env; take it as an option"],
    },
  },
  {
    sentence: "labels and annotations of modelwright.dev stand in resources/labels.ts only",
    violations: (files) =>
      found(files, labelHomes, (node) =>
        label.test(textOf(node)) ? `writes out ${JSON.stringify(textOf(node))}; import it from labels.ts` : undefined,
      ),
    offence: {
      files: [
        offender(
          "operator/routes/table.ts",
          'const role = "modelwright.dev/role";',
          "const path = `modelwright.dev/${name}`;",
          'const apiVersion = "modelwright.dev/v1alpha1";',
        ),
        offender("operator/model-deployment/resources/labels.ts", 'export const role = "modelwright.dev/role";'),
      ],
      violations: [
        'operator/routes/table.ts:1 writes out "modelwright.dev/role"; import it from labels.ts',
        'operator/routes/table.ts:2 writes out "modelwright.dev/"; import it from labels.ts',
      ],
    },
  },
];

function found(
  files: readonly SourceFile[],
  homes: RegExp,
  textOf: (node: SyntaxNode) => string | undefined,
): readonly string[] {
  return sources(files)
    .filter(({ path }) => !homes.test(path))
    .flatMap((file) =>
      syntaxNodes(file).flatMap((node) => {
        const words = textOf(node);
        return words === undefined ? [] : [`${place(file, node)} ${words}`];
      }),
    );
}

function textOf(node: SyntaxNode): string {
  if (node.type === "Literal") return String(node["value"]);
  if (node.type !== "TemplateElement") return "";
  const value = node["value"];
  const cooked = typeof value === "object" && value !== null && "cooked" in value ? value.cooked : "";
  return child(node, "value") === undefined && typeof cooked === "string" ? cooked : "";
}
