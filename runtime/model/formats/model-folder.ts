import { closeSync, constants, fstatSync, openSync, realpathSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { type ByteSource, bytesAt, fileSource } from "./byte-source.ts";

/** A file of a model's folder, or its path, is invalid. */
export class FolderError extends Error {}

/** Access to the files of a model's folder and to nothing outside it. Keeps files open until `close`. */
export interface ModelFolder {
  /** Name for messages. */
  readonly name: string;
  /** Opens a file by its path in the folder. Links must stay inside the folder. Throws a FolderError. */
  file(path: string): ByteSource;
  /** Reads a whole file. Throws a FolderError when it is larger than `maxBytes`. */
  bytes(path: string, maxBytes: number): Buffer;
  close(): void;
}

/** Opens a model's folder. */
export function modelFolder(path: string): ModelFolder {
  const root = realpathSync(path);
  const open = new Map<string, { readonly fd: number; readonly source: ByteSource }>();
  const file = (path: string): ByteSource => {
    const real = containedPath(root, path);
    const known = open.get(real);
    if (known !== undefined) return known.source;
    const opened = openedFile(real, path);
    open.set(real, opened);
    return opened.source;
  };
  return {
    name: basename(path),
    file,
    bytes: (path, maxBytes) => {
      const source = file(path);
      if (source.sizeBytes > maxBytes) {
        throw new FolderError(`${path} has ${source.sizeBytes} bytes; at most ${maxBytes} are allowed`);
      }
      return bytesAt(source, 0, source.sizeBytes);
    },
    close: () => {
      for (const { fd } of open.values()) closeSync(fd);
      open.clear();
    },
  };
}

/** The real path of a file in the folder. Paths that any system may interpret in another way are refused before they are resolved. */
function containedPath(root: string, path: string): string {
  const shown = JSON.stringify(path.slice(0, 200));
  const isPlain = path !== "" && !/^[/\\]|\0|\\|%|:|^\.{1,2}$|(?:^|\/)\.\.?(?:\/|$)|^~/.test(path);
  if (!isPlain) throw new FolderError(`the path ${shown} does not name a file in the model's folder`);
  let real: string;
  try {
    real = realpathSync(join(root, path));
  } catch {
    throw new FolderError(`the file ${shown} is missing`);
  }
  const fromRoot = relative(root, real);
  if (fromRoot === ".." || fromRoot.startsWith(`..${sep}`))
    throw new FolderError(`the file ${shown} is a link out of the folder`);
  return real;
}

function openedFile(real: string, path: string): { readonly fd: number; readonly source: ByteSource } {
  const fd = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  const stat = fstatSync(fd);
  if (stat.isFile()) return { fd, source: fileSource(fd, stat.size) };
  closeSync(fd);
  throw new FolderError(`the file ${JSON.stringify(path.slice(0, 200))} is not a regular file`);
}
