import { readdir, readFile } from "node:fs/promises";

/** One file of `crds/examples`. */
export interface Example {
  readonly file: string;
  readonly text: string;
}

/** An example that must be refused. */
export interface InvalidExample extends Example {
  /** Its first line, without the `# `: part of the server's error message. */
  readonly message: string;
}

/** Folder of the examples; a subfolder has the invalid ones. */
export const exampleFolder = new URL("../../crds/examples/", import.meta.url);

/** The valid examples. */
export function examples(): Promise<readonly Example[]> {
  return filesOf(exampleFolder);
}

/** The invalid examples. */
export async function invalidExamples(): Promise<readonly InvalidExample[]> {
  const files = await filesOf(new URL("invalid/", exampleFolder));
  return files.map(({ file, text }) => ({ file, text, message: (text.split("\n")[0] ?? "").replace(/^# /, "") }));
}

async function filesOf(place: URL): Promise<readonly Example[]> {
  const names = (await readdir(place)).filter((name) => name.endsWith(".yaml")).sort();
  return Promise.all(names.map(async (file) => ({ file, text: await readFile(new URL(file, place), "utf8") })));
}
