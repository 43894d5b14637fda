import { importsOf, reached } from "./imports.ts";
import { pureFiles } from "./layers.ts";
import { offender, type Rule, sources } from "./rule.ts";
import { child, named, place, type SourceFile, type SyntaxNode, syntaxNodes } from "./syntax.ts";

const impureGlobals = [
  "Date",
  "process",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "performance",
  "crypto",
  "fetch",
  "console",
];

/** Packages without side effects. */
const purePackages = ["typebox"];

/** Decisions depend on their arguments only. */
export const purityRules: readonly Rule[] = [
  {
    sentence: `decisions use none of ${impureGlobals.join(", ")} and Math.random`,
    violations: (files) =>
      pure(files).flatMap((file) =>
        syntaxNodes(file)
          .flatMap((node) => impurity(node) ?? [])
          .map(({ node, name }) => `${place(file, node)} uses ${name}; what a decision knows is in the snapshot`),
      ),
    offence: {
      files: [
        offender(
          "operator/model-deployment/plan/plan.ts",
          "const at = new Date().getTime();",
          "const chance = Math.random();",
          "const home = process.env;",
          "const fine = snapshot.process + Math.max(1, 2);",
          "const alsoFine = { Date: 1 };",
        ),
        offender("operator/model-deployment/observe.ts", "const at = Date.now();"),
      ],
      violations: [
        "operator/model-deployment/plan/plan.ts:1 uses Date; what a decision knows is in the snapshot",
        "operator/model-deployment/plan/plan.ts:2 uses Math.random; what a decision knows is in the snapshot",
        "operator/model-deployment/plan/plan.ts:3 uses process; what a decision knows is in the snapshot",
      ],
    },
  },
  {
    sentence: "no decision imports Node or a package with side effects, directly or indirectly",
    violations: (files) => {
      const starts = pure(files).map(({ path }) => path);
      const within = reached(starts, files);
      return sources(files)
        .filter(({ path }) => within.has(path))
        .flatMap(importsOf)
        .filter(({ isLocal, isTypeOnly, target }) => !isLocal && !isTypeOnly && !purePackages.includes(target))
        .map(({ at, target }) => `${at} imports ${target}, and a decision imports that file`);
    },
    offence: {
      files: [
        offender("operator/routes/table.ts", 'import { a } from "../../runtime/base/a.ts";'),
        offender("operator/routes/push.ts", 'import { request } from "undici";'),
        offender(
          "runtime/base/a.ts",
          'import { readFile } from "node:fs/promises";',
          'import type { Server } from "node:http";',
        ),
      ],
      violations: ["runtime/base/a.ts:1 imports node:fs/promises, and a decision imports that file"],
    },
  },
];

function pure(files: readonly SourceFile[]): readonly SourceFile[] {
  return sources(files).filter(({ path }) => pureFiles.test(path));
}

interface Impurity {
  readonly node: SyntaxNode;
  readonly name: string;
}

function impurity(node: SyntaxNode): Impurity | undefined {
  if (node.type === "MemberExpression" && named(node, "object") === "Math" && named(node, "property") === "random") {
    return { node, name: "Math.random" };
  }
  const name = globalUsed(node);
  return name !== undefined && impureGlobals.includes(name) ? { node, name } : undefined;
}

/** The variable that a node calls, constructs or accesses a member of. */
function globalUsed(node: SyntaxNode): string | undefined {
  const field = node.type === "MemberExpression" ? "object" : "callee";
  return child(node, field)?.type === "Identifier" ? named(node, field) : undefined;
}
