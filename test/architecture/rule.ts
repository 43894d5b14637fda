import type { SourceFile } from "./syntax.ts";

/** A rule, with an example that violates it. */
export interface Rule {
  /** The rule in words. */
  readonly sentence: string;
  /** One readable line per violation. */
  readonly violations: (files: readonly SourceFile[]) => readonly string[];
  /** Example files, some of which violate the rule, and the expected violations. */
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

/** An example file of these lines. */
export function offender(path: string, ...lines: readonly string[]): SourceFile {
  return { path, text: `${lines.join("\n")}\n` };
}
