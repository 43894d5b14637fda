import { reached } from "../architecture/imports.ts";
import { repositoryFiles } from "../architecture/repository.ts";
import type { SourceFile } from "../architecture/syntax.ts";

const controlPlane = "test/cluster/control-plane.ts";
const sharedControlPlane = "test/cluster/shared.ts";
/** They measure how soon an operator is back, or keep hundreds of nodes alive. */
const demanding = /^test\/cluster\/(faults|kwok)\//;

/** Paths of the test files that run a real control plane, themselves or by what they import. */
export interface ControlPlaneTests {
  /** They bring clusters of their own. */
  readonly own: readonly string[];
  /** No other test may run beside them: they share one control plane, measure times or want the whole machine. */
  readonly alone: readonly string[];
}

/** Finds them by what they import. */
export function controlPlaneTests(files: readonly SourceFile[] = repositoryFiles()): ControlPlaneTests {
  const sources = files.filter(({ path }) => path.startsWith("test/"));
  const found = sources
    .filter(({ path }) => path.endsWith(".test.ts"))
    .map(({ path }) => ({ path, needs: reached([path], sources) }))
    .filter(({ needs }) => needs.has(controlPlane));
  const isAlone = ({ path, needs }: (typeof found)[number]): boolean =>
    needs.has(sharedControlPlane) || demanding.test(path);
  return {
    own: found.filter((one) => !isAlone(one)).map(({ path }) => path),
    alone: found.filter(isAlone).map(({ path }) => path),
  };
}
