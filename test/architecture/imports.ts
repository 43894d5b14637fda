import { dirname, join } from "node:path/posix";

import { child, children, named, place, type SourceFile, type SyntaxNode, syntaxNodes } from "./syntax.ts";

/** One import of a file. */
export interface Import {
  /** Path in the repository, or the package or `node:` module as written. */
  readonly target: string;
  /** Whether the import is of types only, which is erased at run time. */
  readonly isTypeOnly: boolean;
  readonly isLocal: boolean;
  /** Imported names as exported; absent for a whole module, by `*` or a dynamic import. */
  readonly names?: readonly string[];
  /** `path:line` of the import. */
  readonly at: string;
}

const known = new WeakMap<SourceFile, readonly Import[]>();

/** All imports and re-exports of a file, including dynamic imports of literals. Cached per file. */
export function importsOf(file: SourceFile): readonly Import[] {
  const imports = known.get(file) ?? foundImports(file);
  known.set(file, imports);
  return imports;
}

function foundImports(file: SourceFile): readonly Import[] {
  return syntaxNodes(file).flatMap((node) => {
    const specifier = named(node, "source");
    const isImport = /^(Import|Export(Named|All))(Declaration|Expression)$/.test(node.type);
    if (!isImport || specifier === undefined) return [];
    const isLocal = specifier.startsWith(".");
    return [
      {
        target: isLocal ? join(dirname(file.path), specifier) : specifier,
        isTypeOnly: isTypeOnly(node),
        isLocal,
        ...takenNames(node),
        at: place(file, node),
      },
    ];
  });
}

function takenNames(node: SyntaxNode): Pick<Import, "names"> {
  const parts = children(node, "specifiers");
  const isWhole = /^(ImportExpression|ExportAllDeclaration)$/.test(node.type);
  if (isWhole || parts.some(({ type }) => type === "ImportNamespaceSpecifier")) return {};
  return { names: parts.map((part) => named(part, "imported") ?? named(part, "local") ?? "") };
}

function isTypeOnly(node: SyntaxNode): boolean {
  if (node["importKind"] === "type" || node["exportKind"] === "type") return true;
  if (child(node, "source") === undefined || node.type !== "ImportDeclaration") return false;
  const parts = children(node, "specifiers");
  return parts.length > 0 && parts.every((part) => part["importKind"] === "type");
}

/** Files reachable at run time from start files, each with the import that led to it (breadth-first). */
export function reached(
  starts: readonly string[],
  files: readonly SourceFile[],
  follows: (from: string, to: string) => boolean = () => true,
): ReadonlySet<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const seen = new Set(starts);
  for (const path of seen) {
    const file = byPath.get(path);
    if (file === undefined) continue;
    for (const { target, isLocal, isTypeOnly: isErased } of importsOf(file)) {
      if (isLocal && !isErased && follows(path, target)) seen.add(target);
    }
  }
  return seen;
}
