import { isTypeScript, offender, type Rule } from "./rule.ts";
import { child, children, lineOf, named, place, type SourceFile, type SyntaxNode, syntaxNodes } from "./syntax.ts";

// Concatenated, so that this file does not violate its own rules.
const markers = ["TO", "FIX", "XX"].map((start, index) => start + ["DO", "ME", "X"][index]);
const later = new RegExp(`\\b(${markers.join("|")})\\b`);
const publicHost = ["registry", "npmjs", "org"].join(".");
// Hosts of package registries; users may install from others.
const registryHost = /\b(registry\.(npmjs|yarnpkg)\.\w+|proxy\.golang\.\w+|files\.pythonhosted\.\w+)\b/;

/** What does not belong in a commit. */
export function hygieneRules(clone: string): readonly Rule[] {
  return [
    {
      sentence: `no source says ${markers.join(", ")}: what is left to do stands in an issue`,
      violations: (files) =>
        matches(
          files.filter(({ path }) => isTypeScript(path)),
          later,
          "is for issues",
        ),
      offence: {
        files: [offender("runtime/a.ts", `// ${markers[0]}: later`, "const todo = 1;")],
        violations: [`runtime/a.ts:1: ${markers[0]} is for issues`],
      },
    },
    {
      sentence: "no file names the folder of this clone",
      violations: (files) => matches(files, new RegExp(`${escaped(clone)}(?![\\w-])`), "is where this clone lies"),
      offence: {
        files: [offender("docs/a.md", `see ${clone}/README.md`, `and ${clone}er`)],
        violations: [`docs/a.md:1: ${clone} is where this clone lies`],
      },
    },
    {
      sentence: "no file names the host that packages come from",
      violations: (files) => matches(files, registryHost, "is for the machine's own configuration"),
      offence: {
        files: [offender("package-lock.json", '{ "version": "1.0.0",', `  "resolved": "https://${publicHost}/a" }`)],
        violations: [`package-lock.json:2: ${publicHost} is for the machine's own configuration`],
      },
    },
    {
      sentence: "package-lock.json says what to install, not from where",
      violations: (files) =>
        matches(
          files.filter(({ path }) => path === "package-lock.json"),
          /"resolved": "https?:/,
          "names a host",
        ),
      offence: {
        files: [offender("package-lock.json", '{ "a": {', '  "resolved": "http://mirror/a.tgz" } }')],
        violations: ['package-lock.json:2: "resolved": "http: names a host'],
      },
    },
    {
      sentence: "a test is left out by skipIf alone, and its title gives the reason",
      violations: (files) =>
        files
          .filter(({ path }) => path.startsWith("test/") && isTypeScript(path))
          .flatMap((file) => syntaxNodes(file).flatMap((node) => omission(file, node) ?? [])),
      offence: {
        files: [
          offender(
            "test/a.test.ts",
            ...[`only("a", () => {});`, `skip("b", () => {});`].map((call) => `describe.${call}`),
            'describe.skipIf(reason !== undefined)("c", () => {});',
            "describe.skipIf(reason !== undefined)(`d (skipped: ${reason})`, () => {});",
            "list.skip(1);",
          ),
        ],
        violations: [
          "test/a.test.ts:1: describe.only leaves tests out",
          "test/a.test.ts:2: describe.skip leaves tests out",
          "test/a.test.ts:3: skipIf without its reason in the title",
        ],
      },
    },
  ];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function matches(files: readonly SourceFile[], pattern: RegExp, verdict: string): string[] {
  const everywhere = new RegExp(pattern, "g");
  return files.flatMap((file) =>
    [...file.text.matchAll(everywhere)].map(
      ({ 0: text, index }) => `${file.path}:${lineOf(file, index)}: ${text} ${verdict}`,
    ),
  );
}

function omission(file: SourceFile, node: SyntaxNode): string | undefined {
  const modifier = `${named(node, "object")}.${named(node, "property")}`;
  if (node.type === "MemberExpression" && /^(it|test|describe)\.(only|skip|todo)$/.test(modifier)) {
    return `${place(file, node)}: ${modifier} leaves tests out`;
  }
  const [title] = isSkipIf(node) ? children(node, "arguments") : [];
  return title?.type === "Literal" ? `${place(file, node)}: skipIf without its reason in the title` : undefined;
}

/** Whether a node is `….skipIf(…)(…)`. */
function isSkipIf(node: SyntaxNode): boolean {
  const condition = child(node, "callee");
  const modifier = condition === undefined ? undefined : child(condition, "callee");
  return node.type === "CallExpression" && named(modifier, "property") === "skipIf";
}
