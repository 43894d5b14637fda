// Writes the chart's generated files: `npm run generate`.
import { readFile, writeFile } from "node:fs/promises";

import { chartDocuments } from "./values/documents.ts";

const chart = new URL("modelwright/", import.meta.url);
const readme = await readFile(new URL("README.md", chart), "utf8");
for (const [name, text] of Object.entries(chartDocuments(readme))) await writeFile(new URL(name, chart), text);
