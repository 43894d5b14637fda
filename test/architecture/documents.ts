import { offender, type Rule } from "./rule.ts";
import type { SourceFile } from "./syntax.ts";

const packages = offender(
  "package.json",
  JSON.stringify({
    dependencies: { undici: "1", pino: "1", "@tfjs/core": "1", "@tfjs/layers": "1" },
    devDependencies: { vitest: "1", oxlint: "1", "@types/node": "1" },
  }),
);
const table = ["## Dependencies", "", "| package | why |", "|---|---|"];

/** README says what package.json does. */
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
      const told = [...text.matchAll(/npm run ([a-z:-]+)/g)].map(([, name = ""]) => name);
      const commands = ["npm ci", "npm start", "npm test"];
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
        offender("README.md", "npm ci", "npm start", "npm run check", "npm run gone"),
      ],
      violations: ["README.md runs gone; package.json has no such script", "README.md does not show `npm test`"],
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
    // A row of one scope names it once: `@tensorflow/tfjs-core, tfjs-layers`.
    const scope = /^@[^/]+\//.exec(head)?.[0] ?? "";
    return { names: [head, ...tail.map((name) => scope + name)], reason: rest.join("") };
  });
}
