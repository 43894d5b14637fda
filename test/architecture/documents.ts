import { dirname, join } from "node:path/posix";

import { offender, type Rule } from "./rule.ts";
import { lineOf, type SourceFile } from "./syntax.ts";

const packages = offender(
  "package.json",
  JSON.stringify({
    dependencies: { undici: "1", pino: "1", "@tfjs/core": "1", "@tfjs/layers": "1" },
    devDependencies: { vitest: "1", oxlint: "1", "@types/node": "1" },
  }),
);
const table = ["## Dependencies", "", "| package | why |", "|---|---|"];

/** README agrees with package.json. */
export const documentRules: readonly Rule[] = [
  {
    sentence: "README's dependency table gives a reason for each package that is shipped and for no other",
    violations: (files) => {
      const { dependencies, optionalDependencies } = manifest(files);
      const shipped = Object.keys({ ...dependencies, ...optionalDependencies });
      const rows = dependencyRows(files);
      const listed = rows.flatMap(({ names }) => names);
      return [
        ...shipped
          .filter((name) => !listed.includes(name))
          .map((name) => `README.md does not say why ${name} is there`),
        ...listed.filter((name) => !shipped.includes(name)).map((name) => `README.md lists ${name}; it is not shipped`),
        ...rows
          .filter(({ reason }) => reason === "")
          .map(({ names }) => `README.md gives no reason for ${names.join()}`),
      ];
    },
    offence: {
      files: [
        packages,
        offender(
          "README.md",
          ...table,
          "| undici | |",
          "| `left-pad` | pads |",
          "| @tfjs/core, layers | runs |",
          "## X",
          "| x | y |",
        ),
      ],
      violations: [
        "README.md does not say why pino is there",
        "README.md lists left-pad; it is not shipped",
        "README.md gives no reason for undici",
      ],
    },
  },
  {
    sentence: "README names the packages that development needs beside types",
    violations: (files) =>
      Object.keys(manifest(files).devDependencies ?? {})
        .filter((name) => !name.startsWith("@types/") && !dependencySection(files).includes(name))
        .map((name) => `README.md does not name ${name}`),
    offence: {
      files: [packages, offender("README.md", ...table, "", "For development: vitest.")],
      violations: ["README.md does not name oxlint"],
    },
  },
  {
    sentence: "README shows how to install, start and test, and every npm script that it shows is there",
    violations: (files) => {
      const text = textOf(files, "README.md");
      const { scripts = {} } = manifest(files);
      const shown = [...text.matchAll(/npm run ([a-z:-]+)/g)].map(([, name = ""]) => name);
      const commands = ["npm ci", "npm start", "npm test"];
      return [
        ...shown
          .filter((name) => !(name in scripts))
          .map((name) => `README.md runs ${name}; package.json has no such script`),
        ...commands
          .filter((command) => !text.includes(command))
          .map((command) => `README.md does not show \`${command}\``),
      ];
    },
    offence: {
      files: [
        offender("package.json", JSON.stringify({ scripts: { check: "tsc" } })),
        offender("README.md", "npm ci", "npm start", "npm run check", "npm run gone"),
      ],
      violations: ["README.md runs gone; package.json has no such script", "README.md does not show `npm test`"],
    },
  },
  {
    sentence: "what a document links to or names as a command's file is there",
    violations: (files) => {
      const isThere = (path: string): boolean =>
        path === "." || files.some((file) => file.path === path || file.path.startsWith(path));
      return files
        .filter(({ path }) => path.endsWith(".md") && !path.includes("/generated/"))
        .flatMap((file) => namedFiles(file).filter(({ path }) => !isThere(path)))
        .map(({ path, at }) => `${at} names ${path}, which is not there`);
    },
    offence: {
      files: [
        offender("runtime/engines/engine.ts"),
        offender(
          "runtime/README.md",
          "[engines](engines), [one](./engines/engine.ts#L1), [gone](engines/gone.ts), [far](https://example.com/a)",
          "![a picture](picture.png)",
          "`npx vitest run test/gone test/gone.test.ts`",
          "`npx node runtime/engines/engine.ts --fast`",
        ),
      ],
      violations: [
        "runtime/README.md:1 names runtime/engines/gone.ts, which is not there",
        "runtime/README.md:3 names test/gone, which is not there",
        "runtime/README.md:3 names test/gone.test.ts, which is not there",
      ],
    },
  },
];

interface NamedFile {
  /** From the root of the clone. */
  readonly path: string;
  readonly at: string;
}

const link = /\]\((?![a-z]+:|#)([^)\s#]+)[^)]*\)/g;
const command = /npx (?:vitest run|node)((?: [\w./-]+)+)/g;

/** Targets of relative links except pictures, and file arguments of commands. */
function namedFiles(file: SourceFile): readonly NamedFile[] {
  const places = (pattern: RegExp, pathsOf: (text: string) => readonly string[]): readonly NamedFile[] =>
    [...file.text.matchAll(pattern)].flatMap(({ 1: text = "", index }) =>
      pathsOf(text).map((path) => ({ path, at: `${file.path}:${lineOf(file, index)}` })),
    );
  return [
    ...places(link, (target) => (target.endsWith(".png") ? [] : [join(dirname(file.path), target)])),
    ...places(command, (words) => words.split(" ").filter((word) => word.includes("/"))),
  ];
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

function manifest(files: readonly SourceFile[]): Manifest {
  return JSON.parse(textOf(files, "package.json") || "{}") as Manifest; // npm's own format
}

function textOf(files: readonly SourceFile[], path: string): string {
  return files.find((file) => file.path === path)?.text ?? "";
}

interface Row {
  readonly names: readonly string[];
  readonly reason: string;
}

function dependencySection(files: readonly SourceFile[]): string {
  const sections = textOf(files, "README.md").split(/^#+ /m);
  return sections.find((section) => section.startsWith("Dependencies")) ?? "";
}

function dependencyRows(files: readonly SourceFile[]): readonly Row[] {
  const rows = dependencySection(files)
    .split("\n")
    .filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => {
    const [, first = "", ...rest] = row.split("|").map((cell) => cell.trim());
    const [head = "", ...tail] = first.replaceAll("`", "").split(/, */);
    // A row may omit a repeated scope: `@tensorflow/tfjs-core, tfjs-layers`.
    const scope = /^@[^/]+\//.exec(head)?.[0] ?? "";
    return { names: [head, ...tail.map((name) => scope + name)], reason: rest.join("") };
  });
}
