import { join } from "node:path";

import { type Image, layer, writeOciArchive } from "../../../charts/images/oci-archive.ts";
import { type Program, programImage } from "../../../charts/images/program-image.ts";
import { pauseImage } from "./configuration.ts";
import { capture } from "../launch/kubectl.ts";
import { withMachineLock } from "../launch/machine-lock.ts";

const root = join(import.meta.dirname, "..", "..", "..");

/** Writes the pause image. */
export async function writePauseImage(path: string, program: string): Promise<void> {
  const file = { kind: "file", path: "pause", content: { file: program }, isExecutable: true } as const;
  await writeOciArchive(path, {
    reference: pauseImage,
    layers: [await layer([file])],
    config: { Entrypoint: ["/pause"] },
  });
}

/** The image of a program from the present build, read under the lock on the build folders. */
export function builtImage(program: Program): Promise<Image> {
  return exclusively(() => programImage(root, program));
}

/** Builds programs and writes their images into a folder, as `npm run image` does, once for each tag. Returns the paths. */
export function writeProgramImages(
  folder: string,
  programs: readonly Program[],
  furtherTags: readonly string[] = [],
): Promise<readonly string[]> {
  return exclusively(async () => {
    await build();
    const paths = programs.map(async (program) => {
      const image = await programImage(root, program);
      const references = [image.reference, ...furtherTags.map((tag) => image.reference.replace(/:[^:]+$/, `:${tag}`))];
      return Promise.all(
        references.map(async (reference, index) => {
          const path = join(folder, `${program}-${index}.tar`);
          await writeOciArchive(path, { ...image, reference });
          return path;
        }),
      );
    });
    return (await Promise.all(paths)).flat();
  });
}

// Test files that run at the same time build into the same folders.
function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return withMachineLock(join(root, "dist"), work);
}

async function build(): Promise<void> {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const projects = [join(root, "operator"), join(root, "runtime")];
  const { code, stdout } = await capture(process.execPath, [compiler, "--build", ...projects]);
  // Exit status 2: type errors, which the type checks report; all files are written nonetheless.
  if (code !== 0 && code !== 2) throw new Error(`the programs cannot be built: ${stdout}`);
}
