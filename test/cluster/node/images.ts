import { join } from "node:path";

import { layer, writeOciArchive } from "../../../charts/images/oci-archive.ts";
import { type Program, programImage } from "../../../charts/images/program-image.ts";
import { pauseImage } from "./configuration.ts";
import { run } from "./namespaces.ts";

const root = join(import.meta.dirname, "..", "..", "..");

/** Writes the image that holds a pod's namespaces. */
export async function writePauseImage(path: string, program: string): Promise<void> {
  const file = { kind: "file", path: "pause", content: { file: program }, isExecutable: true } as const;
  await writeOciArchive(path, {
    reference: pauseImage,
    layers: [await layer([file])],
    config: { Entrypoint: ["/pause"] },
  });
}

/** Builds programs and writes their images into a folder, as `npm run image` does. Returns the paths. */
export async function writeProgramImages(folder: string, programs: readonly Program[]): Promise<readonly string[]> {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  await run([process.execPath, compiler, "--build", join(root, "operator"), join(root, "runtime")]);
  return Promise.all(
    programs.map(async (program) => {
      const path = join(folder, `${program}.tar`);
      await writeOciArchive(path, await programImage(root, program));
      return path;
    }),
  );
}
