import { basename, dirname } from "node:path/posix";

import { importsOf, reached } from "./imports.ts";
import { isTypeScript, offender, type Rule, sources } from "./rule.ts";
import { type SourceFile, statements, type SyntaxNode } from "./syntax.ts";

/** Programs, which no test imports since tests run them as users do. */
const programs: Readonly<Record<string, string>> = {
  "charts/generate.ts": "what it prints is compared by test/charts/modelwright/documents.test.ts",
  "charts/images/build.ts": "started by `npm run image`, as test/cluster/node.test.ts does",
  "crds/generate.ts": "what it prints is compared by the rule on crds/generated/",
  "operator/cli/modelwright.ts": "started as a child process by test/integration",
  "operator/main.ts": "started as a child process by test/integration",
  "runtime/main.ts": "started as a child process by test/integration",
  "runtime/gateway/main.ts": "started by runtime/main.ts",
  "runtime/gateway/mirror/comparison-thread.ts": "started as a thread by test/integration/gateway/mirror.test.ts",
  "runtime/in-place/fetch-thread.ts": "started as a thread by test/integration/runtime/in-place.test.ts",
  "runtime/protocols/body-thread.ts": "started as a thread by test/runtime/protocols/json/offload",
  "runtime/model/threading/engine-thread.ts": "started as a thread by test/runtime/model/threading",
};

/** Every source file has a test. */
export const coverageRules: readonly Rule[] = [
  {
    sentence:
      "a source file has a test at its place in test/, is imported by one, or is used by a file of its part that has",
    violations: (files) => {
      const tested = testedPaths(files);
      return sources(files)
        .filter((file) => !tested.has(file.path) && !isTypesOnly(file))
        .map(
          ({ path }) =>
            `${path} has no test: neither test/${path.replace(/\.ts$/, ".test.ts")} nor one that imports it`,
        );
    },
    offence: {
      files: [
        offender("runtime/a/mirrored.ts", 'import { p } from "./part.ts";', 'import { o } from "../b/other.ts";'),
        offender("runtime/a/part.ts", "export const p = 1;"),
        offender("runtime/b/other.ts", "export const o = 1;"),
        offender("runtime/b/imported.ts", "export const i = 1;"),
        offender("runtime/b/types.ts", "export interface T { a: 1 }", "export declare const d: number;"),
        offender("test/runtime/a/mirrored.test.ts", "test();"),
        offender("test/integration/x.test.ts", 'import { i } from "../../runtime/b/imported.ts";'),
      ],
      violations: ["runtime/b/other.ts has no test: neither test/runtime/b/other.test.ts nor one that imports it"],
    },
  },
  {
    sentence: "a test at the place of a source file has its source file or folder",
    violations: (files) => {
      const known = new Set(
        sources(files).flatMap(({ path }) => [path, ...folders(path).map((folder) => `${folder}.ts`)]),
      );
      return files
        .filter(({ path }) => /^test\/(crds|operator|runtime)\/.+\.test\.ts$/.test(path))
        .filter(({ path }) => !known.has(sourceOf(path)) && !known.has(`${dirname(sourceOf(path))}.ts`))
        .map(({ path }) => `${path} tests ${sourceOf(path)}, which is not there`);
    },
    offence: {
      files: [
        offender("runtime/a/b.ts"),
        offender("test/runtime/a/b.test.ts"),
        offender("test/runtime/a.test.ts"),
        offender("test/runtime/a/stories.test.ts"),
        offender("test/runtime/gone/b.test.ts"),
      ],
      violations: ["test/runtime/gone/b.test.ts tests runtime/gone/b.ts, which is not there"],
    },
  },
];

function testedPaths(files: readonly SourceFile[]): ReadonlySet<string> {
  const tests = files.filter(({ path }) => path.startsWith("test/") && isTypeScript(path));
  const mirrored = tests
    .filter(({ path }) => path.endsWith(".test.ts"))
    .flatMap(({ path }) => [sourceOf(path), `${sourceOf(path).slice(0, -3)}/${basename(sourceOf(path))}`]);
  const imported = tests.flatMap((test) =>
    importsOf(test)
      .filter(({ isLocal, isTypeOnly }) => isLocal && !isTypeOnly)
      .map(({ target }) => target),
  );
  const starts = [...mirrored, ...imported, ...Object.keys(programs)];
  return reached(starts, sources(files), (from, to) => isPartOf(to, from));
}

/** Whether tests of an importing file count as tests of the imported file: same part of the tree, or the contract's constants. */
function isPartOf(path: string, user: string): boolean {
  const part = /^(operator\/local\/[^/]+|[^/]+\/[^/]+)\//.exec(user)?.[0];
  const isBeside = dirname(path) === dirname(user);
  return isBeside || path.startsWith("runtime/contract/") || (part !== undefined && path.startsWith(part));
}

function sourceOf(test: string): string {
  return test.replace(/^test\//, "").replace(/\.test\.ts$/, ".ts");
}

function folders(path: string): string[] {
  const folder = dirname(path);
  return folder === "." ? [] : [folder, ...folders(folder)];
}

const erased = ["ImportDeclaration", "TSInterfaceDeclaration", "TSTypeAliasDeclaration", "TSDeclareFunction"];

/** Whether a file has types only, which the compiler tests. */
function isTypesOnly(file: SourceFile): boolean {
  return statements(file).every((statement) => {
    const { declaration } = statement;
    const inner = typeof declaration === "object" && declaration !== null ? declaration : statement;
    return isErased(inner);
  });
}

function isErased(node: object): boolean {
  const { type, declare, exportKind } = node as Partial<SyntaxNode>; // a node or its declaration
  return erased.includes(type ?? "") || declare === true || exportKind === "type";
}
