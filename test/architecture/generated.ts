import { offender, type Rule } from "./rule.ts";
import type { SourceFile } from "./syntax.ts";

const folder = "crds/generated/";

/** Generated files equal what the schema prints now: `documents` by file name. */
export function generatedRules(documents: Readonly<Record<string, string>>): readonly Rule[] {
  const [[name, text] = ["", ""], ...others] = Object.entries(documents);
  const intact = others.map(([other, otherText]) => ({ path: folder + other, text: otherText }));
  return [
    {
      sentence: "crds/generated/ holds what `npm run generate` prints, and nothing else",
      violations: (files) => {
        const found = files.filter(({ path }) => path.startsWith(folder));
        return [...differences(found, documents), ...strangers(found, documents)];
      },
      offence: {
        files: [{ path: folder + name, text: `${text} ` }, offender(`${folder}by-hand.yaml`), ...intact],
        violations: [
          `${folder}${name} is not what \`npm run generate\` prints`,
          `${folder}by-hand.yaml is printed by nothing`,
        ],
      },
    },
  ];
}

function differences(found: readonly SourceFile[], documents: Readonly<Record<string, string>>): string[] {
  return Object.entries(documents)
    .filter(([name, text]) => found.find(({ path }) => path === folder + name)?.text !== text)
    .map(([name]) => `${folder}${name} is not what \`npm run generate\` prints`);
}

function strangers(found: readonly SourceFile[], documents: Readonly<Record<string, string>>): string[] {
  return found
    .filter(({ path }) => !(path.slice(folder.length) in documents))
    .map(({ path }) => `${path} is printed by nothing`);
}
