import { parseAst } from "vitest/node";

/** A file of the repository; `path` is relative to its root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A node of the ESTree syntax tree, TypeScript's nodes included. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

const parsed = new WeakMap<SourceFile, readonly SyntaxNode[]>();

/** Every node of a TypeScript file, parents before children. Parsed once per file. */
export function syntaxNodes(file: SourceFile): readonly SyntaxNode[] {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const nodes: SyntaxNode[] = [];
  collect(parseAst(file.text, { lang: "ts" }), nodes);
  parsed.set(file, nodes);
  return nodes;
}

function collect(value: unknown, nodes: SyntaxNode[]): void {
  if (Array.isArray(value)) {
    for (const element of value) collect(element, nodes);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  if (isNode(value)) nodes.push(value);
  for (const field of Object.values(value)) collect(field, nodes);
}

/** Whether a value is a syntax node. */
function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** The child node in a field, if any. */
export function child(node: SyntaxNode, field: string): SyntaxNode | undefined {
  const value = node[field];
  return isNode(value) ? value : undefined;
}

/** The child nodes in a list field. */
export function children(node: SyntaxNode, field: string): readonly SyntaxNode[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Name of an identifier, or text of a string literal, in a field. */
export function named(node: SyntaxNode | undefined, field: string): string | undefined {
  const target = node === undefined ? undefined : child(node, field);
  if (typeof target?.["name"] === "string") return target["name"];
  return typeof target?.["value"] === "string" ? target["value"] : undefined;
}

/** Top-level statements of a file. */
export function statements(file: SourceFile): readonly SyntaxNode[] {
  const [program] = syntaxNodes(file);
  return program === undefined ? [] : children(program, "body");
}

/** `path:line` of a node. */
export function place(file: SourceFile, node: SyntaxNode): string {
  return `${file.path}:${lineOf(file, node.start)}`;
}

/** Number of the line of an offset, from 1. */
export function lineOf(file: SourceFile, offset: number): number {
  return file.text.slice(0, offset).split("\n").length;
}

/** Number of lines of a file as `wc -l` counts them. */
export function lineCount(file: SourceFile): number {
  return file.text.split("\n").length - 1;
}
