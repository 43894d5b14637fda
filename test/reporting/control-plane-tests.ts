import { reached } from "../architecture/imports.ts";
import { repositoryFiles } from "../architecture/repository.ts";
import type { SourceFile } from "../architecture/syntax.ts";

const controlPlane = "test/cluster/control-plane.ts";

/** Paths of the test files that run the real control plane, themselves or by what they import. */
export function controlPlaneTests(files: readonly SourceFile[] = repositoryFiles()): readonly string[] {
  const tests = files.filter(({ path }) => path.startsWith("test/"));
  return tests
    .map(({ path }) => path)
    .filter((path) => path.endsWith(".test.ts") && reached([path], tests).has(controlPlane));
}
