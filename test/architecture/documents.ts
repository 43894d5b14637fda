import { offender, type Rule } from "./rule.ts";
import type { SourceFile } from "./syntax.ts";

const packages = offender(
  "package.json",
  JSON.stringify({ dependencies: { undici: "1", pino: "1" }, devDependencies: { vitest: "1" } }),
);
const table = ["## Dependencies", "", "| package | reason |", "|---|---|"];

/** README says what package.json does. */
export const documentRules: readonly Rule[] = [
  {
    sentence: "README's dependency table gives a reason for each package of package.json and for no other",
    violations: (files) => {
      const wanted = dependencies(files);
      const rows = dependencyRows(files);
      const listed = rows.flatMap(({ names }) => names);
      return [
        ...wanted.filter((name) => !listed.includes(name)).map((name) => `README.md does not say why ${name} is there`),
        ...listed
          .filter((name) => !wanted.includes(name))
          .map((name) => `README.md lists ${name}; package.json does not`),
        ...rows
          .filter(({ reason }) => reason === "")
          .map(({ names }) => `README.md gives no reason for ${names.join(", ")}`),
      ];
    },
    offence: {
      files: [
        packages,
        offender("README.md", ...table, "| `undici` | |", "| `left-pad`, `vitest` | tests |", "## Next", "| `x` | y |"),
      ],
      violations: [
        "README.md does not say why pino is there",
        "README.md lists left-pad; package.json does not",
        "README.md gives no reason for undici",
      ],
    },
  },
  {
    sentence: "README names every npm script that it tells to run, and the two commands of a new user",
    violations: (files) => {
      const text = textOf(files, "README.md");
      const { scripts = {} } = manifest(files);
      const told = [...text.matchAll(/npm run ([a-z:-]+)/g)].map(([, name = ""]) => name);
      const commands = ["npm ci && npm start", "npm ci && npm test"];
      return [
        ...told
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
        offender("README.md", "npm ci && npm start", "npm run check", "npm run gone"),
      ],
      violations: [
        "README.md runs gone; package.json has no such script",
        "README.md does not show `npm ci && npm test`",
      ],
    },
  },
];

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

function dependencies(files: readonly SourceFile[]): readonly string[] {
  const { dependencies: needed, devDependencies: tools, optionalDependencies: platforms } = manifest(files);
  return Object.keys({ ...needed, ...tools, ...platforms });
}

interface Row {
  readonly names: readonly string[];
  readonly reason: string;
}

function dependencyRows(files: readonly SourceFile[]): readonly Row[] {
  const sections = textOf(files, "README.md").split(/^#+ /m);
  const rows = sections
    .filter((section) => /^[^\n]*dependenc/i.test(section))
    .flatMap((section) => section.split("\n"));
  return rows.flatMap((row) => {
    const [, first = "", ...rest] = row.split("|").map((cell) => cell.trim());
    const names = [...first.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    return names.length === 0 ? [] : [{ names, reason: rest.join("") }];
  });
}
