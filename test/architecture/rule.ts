import type { SourceFile } from "./syntax.ts";

/** A rule of the house, with the proof that it can fail. */
export interface Rule {
  /** What holds. */
  readonly sentence: string;
  /** One readable line per place where it does not hold. */
  readonly violations: (files: readonly SourceFile[]) => readonly string[];
  /** A small tree that breaks the rule beside what is fine, and what is said of it. */
  readonly offence: { readonly files: readonly SourceFile[]; readonly violations: readonly string[] };
}

const programs = /^(crds|operator|runtime)\//;

/** TypeScript of the three programs, without tests and generated files. */
export function sources(files: readonly SourceFile[]): readonly SourceFile[] {
  return files.filter(({ path }) => programs.test(path) && isTypeScript(path) && !path.includes("/generated/"));
}

/** Whether a path is a TypeScript module. */
export function isTypeScript(path: string): boolean {
  return path.endsWith(".ts") && !path.endsWith(".d.ts");
}

/** A file for an offence: lines joined. */
export function offender(path: string, ...lines: readonly string[]): SourceFile {
  return { path, text: `${lines.join("\n")}\n` };
}
