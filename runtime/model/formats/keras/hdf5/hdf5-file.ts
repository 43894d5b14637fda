import type { ByteSource } from "../../byte-source.ts";
import { fileBytes } from "./bytes/file-bytes.ts";
import { type Hdf5Dataset, hdf5Dataset } from "./hdf5-dataset.ts";
import { Hdf5Error } from "./hdf5-error.ts";
import { globalHeap } from "./indexes/global-heap.ts";
import { attributeStrings } from "./objects/attributes.ts";
import { type FileObject, fileObject } from "./objects/file-object.ts";
import { messageTypes } from "./objects/object-header.ts";

/** An HDF5 file. Follows no links, reads nothing outside the source, checks sizes before allocating. All calls throw an Hdf5Error. */
export interface Hdf5File {
  readonly isGroup: (path: string) => boolean;
  readonly childNames: (path: string) => readonly string[];
  /** The strings of an attribute; `undefined` if it is absent, empty or of another type. */
  readonly strings: (path: string, attribute: string) => readonly string[] | undefined;
  readonly dataset: (path: string) => Hdf5Dataset;
}

const maxPathLength = 16_384;

/**
 * Opens an HDF5 file: what Keras writes with any version of h5py, also after compression by other tools. Throws an Hdf5Error when it
 * is not HDF5 or is truncated. Format: HDF5 File Format Specification, version 3.0.
 */
export function hdf5File(source: ByteSource): Hdf5File {
  const file = fileBytes(source);
  const heap = globalHeap(file);
  const objects = new Map<number, FileObject>();
  const objectAt = (address: number): FileObject => {
    const object = objects.get(address) ?? fileObject(file, address);
    objects.set(address, object);
    return object;
  };
  const known = new Map<string, FileObject | undefined>([["", objectAt(file.root)]]);
  /** Resolves a path part by part, so that links inside the path are refused, too. */
  const find = (path: string): FileObject | undefined => {
    let found = known.get("");
    for (let end = 0; end < path.length && found !== undefined;) {
      const start = end;
      const next = path.indexOf("/", start + 1);
      end = next === -1 ? path.length : next;
      const prefix = path.slice(0, end);
      if (!known.has(prefix)) {
        const address = childAddress(found, prefix);
        known.set(prefix, address === undefined ? undefined : objectAt(address));
      }
      found = known.get(prefix);
    }
    return found;
  };
  const at = <T>(path: string, use: (found: FileObject | undefined, path: string) => T): T => {
    const normal = normalPath(path);
    if (normal.length > maxPathLength) throw new Hdf5Error(`${normal.slice(0, 100)}…`, "its path is too long");
    try {
      return use(find(normal), normal);
    } catch (thrown) {
      throw thrown instanceof Hdf5Error && thrown.path === "" ? new Hdf5Error(normal, thrown.message) : thrown;
    }
  };
  return {
    isGroup: (path) => at(path, (found) => found?.isGroup === true),
    childNames: (path) => at(path, (found) => [...(found?.links().keys() ?? [])]),
    strings: (path, name) =>
      at(path, (found) => {
        const attribute = found?.attributes().get(name);
        return attribute && attributeStrings(file, attribute, heap);
      }),
    dataset: (path) =>
      at(path, (found, normal) => {
        if (found === undefined) throw new Hdf5Error(normal, "it is missing");
        if (!found.header.has(messageTypes.layout)) throw new Hdf5Error(normal, "it is not a dataset");
        const { shape, length, floats } = hdf5Dataset(file, found.header);
        return { path: normal, shape, length, floats: () => at(normal, floats) };
      }),
  };
}

function childAddress(parent: FileObject, path: string): number | undefined {
  const link = parent.links().get(path.slice(path.lastIndexOf("/") + 1));
  if (link === "soft") throw new Hdf5Error(path, "it is a soft link; links are not followed");
  if (link === "external") throw new Hdf5Error(path, "it is a link to another file; links are not followed");
  return link;
}

/** A path without empty parts, `/a/b`; empty for the root. */
function normalPath(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "")
    .map((part) => `/${part}`)
    .join("");
}
