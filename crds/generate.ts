import { mkdir, writeFile } from "node:fs/promises";

import { generatedDocuments } from "./v1alpha1/documents.ts";

const folder = new URL("generated/", import.meta.url);
await mkdir(folder, { recursive: true });
for (const [name, text] of Object.entries(generatedDocuments())) {
  await writeFile(new URL(name, folder), text);
}
