import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { faults } from "../faults.ts";

/** A model as it lies on disk: a single file, or a folder that is one model (SavedModel, tfjs). */
export interface ModelFile {
  /** Real path, links followed. */
  readonly path: string;
  readonly kind: "file" | "folder";
  /** Size of the file; 0 for a folder. */
  readonly sizeBytes: number;
}

const fileEndings = [".h5", ".hdf5", ".keras", ".onnx"];
/** Files that make the folder they lie in a model. */
const folderMarks = ["saved_model.pb", "model.json"];

/**
 * Finds the model at `path`: a file, a model folder, or a folder in which one model lies. Its real path must be inside
 * `volume` (the links of ConfigMap volumes stay inside). Throws a Fault of `../faults.ts`.
 */
export async function modelFile(path: string, volume?: string): Promise<ModelFile> {
  const wanted = resolve(path);
  const real = await realPath(wanted);
  const root = await realPath(resolve(volume ?? dirname(wanted)));
  checkInside(wanted, real, root);
  if (await isFolder(real)) return await modelInFolder(wanted, real, root);
  return await asFile(real);
}

async function modelInFolder(path: string, real: string, root: string): Promise<ModelFile> {
  const entries = (await readFolder(real)).filter((name) => !name.startsWith(".")).sort();
  if (entries.some((name) => folderMarks.includes(name))) return { path: real, kind: "folder", sizeBytes: 0 };
  const models = entries.filter((name) => fileEndings.some((ending) => name.toLowerCase().endsWith(ending)));
  const [only] = models;
  if (only === undefined) throw faults.ModelNotFound({ place: path, found: entries });
  if (models.length > 1) throw faults.ModelAmbiguous({ folder: path, found: models });
  const file = await realPath(join(real, only));
  checkInside(join(path, only), file, root);
  return await asFile(file);
}

function checkInside(path: string, real: string, root: string): void {
  const way = relative(root, real);
  if (way === ".." || way.startsWith(`..${sep}`)) throw faults.ModelOutsideVolume({ path, real, volume: root });
}

async function asFile(path: string): Promise<ModelFile> {
  const facts = await read(path, stat(path));
  if (!facts.isFile()) throw faults.ModelUnreadable({ path, reason: `${basename(path)} is no regular file` });
  return { path, kind: "file", sizeBytes: facts.size };
}

async function isFolder(path: string): Promise<boolean> {
  return (await read(path, stat(path))).isDirectory();
}

function readFolder(path: string): Promise<string[]> {
  return read(path, readdir(path));
}

function realPath(path: string): Promise<string> {
  return read(path, realpath(path));
}

/** Turns what the file system says into a fault. */
async function read<Value>(path: string, reading: Promise<Value>): Promise<Value> {
  try {
    return await reading;
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") throw faults.ModelNotFound({ place: path }, thrown);
    throw faults.ModelUnreadable({ path, reason: thrown instanceof Error ? thrown.message : String(thrown) }, thrown);
  }
}
