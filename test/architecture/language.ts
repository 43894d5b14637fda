import { offender, type Rule, sources } from "./rule.ts";
import { child, children, lineOf, named, place, type SourceFile, type SyntaxNode, syntaxNodes } from "./syntax.ts";

const endings = /^(close|cancel|stop|dispose|abort|release|end|discard|drain|destroy|unload|remove|kill|shutdown)$/;
const errors = /(Error|Fault)$/;

/** TypeScript features that the code base avoids. */
export const languageRules: readonly Rule[] = [
  {
    sentence: "`as` has its reason in a comment on its line or the line above",
    violations: (files) =>
      offending(files, isBareAssertion, (file, node) => `${lastPlace(file, node)}: \`as\` without a reason`),
    offence: {
      files: [
        offender(
          "runtime/a.ts",
          "const bare = read() as string;",
          "const why = read() as string; // checked by the caller",
          "// the server's word",
          "const above = read() as string;",
          "const literal = [1, 2] as const;",
          "const url = `http://${read() as string}`;",
        ),
      ],
      violations: ["runtime/a.ts:1: `as` without a reason", "runtime/a.ts:6: `as` without a reason"],
    },
  },
  {
    sentence: "nothing is declared non-null by `!`",
    violations: (files) =>
      offending(
        files,
        (_file, node) => node.type === "TSNonNullExpression" || node["definite"] === true,
        (file, node) => `${place(file, node)}: \`!\`; narrow the type instead`,
      ),
    offence: {
      files: [offender("runtime/a.ts", "const a = list[0]!.name;", "let b!: string;", "const c = !a;")],
      violations: ["runtime/a.ts:1: `!`; narrow the type instead", "runtime/a.ts:2: `!`; narrow the type instead"],
    },
  },
  {
    sentence:
      "a class is an error, holds a resource that it can let go, is a cursor over bytes, or is what a library asks for",
    violations: (files) =>
      offending(
        files,
        (file, node) => /^Class(Declaration|Expression)$/.test(node.type) && !mayBeClass(file, node),
        (file, node) =>
          `${place(file, node)}: class ${named(node, "id") ?? "without name"} has no life cycle; use functions`,
      ),
    offence: {
      files: [
        offender(
          "runtime/a.ts",
          'import { Layer } from "@tensorflow/tfjs-layers";',
          "class Helper { help() {} }",
          "class Fault extends Error {}",
          "class Socket { close() {} }",
          "class WireReader { byte() {} }",
          "class Later { async [Symbol.asyncDispose]() {} }",
          "class Reshape extends Layer {}",
          "const c = class extends tf.layers.Layer {};",
          "const mixin = (base: typeof Layer) => class extends base {};",
          "class Child extends Helper {}",
        ),
      ],
      violations: [
        "runtime/a.ts:2: class Helper has no life cycle; use functions",
        "runtime/a.ts:10: class Child has no life cycle; use functions",
      ],
    },
  },
];

function offending(
  files: readonly SourceFile[],
  offends: (file: SourceFile, node: SyntaxNode) => boolean,
  describe: (file: SourceFile, node: SyntaxNode) => string,
): string[] {
  return sources(files).flatMap((file) =>
    syntaxNodes(file)
      .filter((node) => offends(file, node))
      .map((node) => describe(file, node)),
  );
}

function isBareAssertion(file: SourceFile, node: SyntaxNode): boolean {
  if (node.type !== "TSAsExpression" && node.type !== "TSTypeAssertion") return false;
  const type = child(node, "typeAnnotation");
  if (type === undefined || named(type, "typeName") === "const") return false;
  const lines = file.text.split("\n");
  const [first, last] = [lineOf(file, type.start), lineOf(file, node.end)];
  const above = lines[first - 2]?.trim() ?? "";
  const isExplained = lines.slice(first - 1, last).some((line) => /(^|[\s;{(,])\/[/*] ?\S/.test(line));
  return !isExplained && !above.startsWith("//") && !above.endsWith("*/");
}

function lastPlace(file: SourceFile, node: SyntaxNode): string {
  return `${file.path}:${lineOf(file, node.end)}`;
}

function mayBeClass(file: SourceFile, node: SyntaxNode): boolean {
  const superclass = child(node, "superClass");
  if (superclass !== undefined) {
    const name = file.text.slice(superclass.start, superclass.end);
    // A class that is not ours comes from a library, possibly as a parameter.
    if (errors.test(name) || !ownClasses(file).has(name)) return true;
  }
  if (/(?:Reader|Writer)$/.test(named(node, "id") ?? "")) return true;
  const body = child(node, "body");
  return body !== undefined && children(body, "body").some((member) => letsGo(file, member));
}

function letsGo(file: SourceFile, member: SyntaxNode): boolean {
  const key = child(member, "key");
  if (key === undefined) return false;
  const text = file.text.slice(key.start, key.end);
  return endings.test(text) || /^Symbol\.(asyncDispose|dispose)$/.test(text);
}

/** Names of classes that a file declares or imports from other files of ours. */
function ownClasses(file: SourceFile): ReadonlySet<string> {
  const nodes = syntaxNodes(file);
  const declared = nodes.flatMap((node) => (node.type === "ClassDeclaration" ? (named(node, "id") ?? []) : []));
  const imported = nodes
    .filter((node) => node.type === "ImportDeclaration" && named(node, "source")?.startsWith("."))
    .flatMap((node) => children(node, "specifiers").flatMap((part) => named(part, "local") ?? []));
  return new Set([...declared, ...imported]);
}
