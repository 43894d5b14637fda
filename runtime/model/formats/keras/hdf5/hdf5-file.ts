import type { ByteSource } from "../../byte-source.ts";
import { fileBytes } from "./bytes/file-bytes.ts";
import { type Hdf5Dataset, hdf5Dataset } from "./hdf5-dataset.ts";
import { Hdf5Error } from "./hdf5-error.ts";
import { globalHeap } from "./indexes/global-heap.ts";
import { attributeStrings } from "./objects/attributes.ts";
import { type FileObject, fileObject } from "./objects/file-object.ts";
import { messageTypes } from "./objects/object-header.ts";

/** An HDF5 file. Follows no link, reads nothing outside the source, checks sizes before it allocates. Each call throws an Hdf5Error. */
export interface Hdf5File {
  readonly isGroup: (path: string) => boolean;
  readonly childNames: (path: string) => readonly string[];
  /** Strings of an attribute; `undefined` if absent, not of strings, or of none. */
  readonly strings: (path: string, attribute: string) => readonly string[] | undefined;
  readonly dataset: (path: string) => Hdf5Dataset;
}

const maxPathLength = 16_384;

/**
 * Opens HDF5: what Keras writes by h5py of any version, and what tools make of that when they compress it. Throws an Hdf5Error
 * when it is none or is cut short. Format: HDF5 File Format Specification, version 3.0.
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
  /** Every part of the path is looked up, so that no link in the middle is followed either. */
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
    const plain = plainPath(path);
    if (plain.length > maxPathLength) throw new Hdf5Error(`${plain.slice(0, 100)}…`, "its path is too long");
    try {
      return use(find(plain), plain);
    } catch (thrown) {
      throw thrown instanceof Hdf5Error && thrown.path === "" ? new Hdf5Error(plain, thrown.message) : thrown;
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
      at(path, (found, plain) => {
        if (found === undefined) throw new Hdf5Error(plain, "it is missing");
        if (!found.header.has(messageTypes.layout)) throw new Hdf5Error(plain, "it is not a dataset");
        const { shape, length, floats } = hdf5Dataset(file, found.header);
        return { path: plain, shape, length, floats: () => at(plain, floats) };
      }),
  };
}

function childAddress(parent: FileObject, path: string): number | undefined {
  const link = parent.links().get(path.slice(path.lastIndexOf("/") + 1));
  if (link === "soft") throw new Hdf5Error(path, "it is a soft link; links are not followed");
  if (link === "external") throw new Hdf5Error(path, "it is a link to another file; links are not followed");
  return link;
}

/** `/a/b` for any way to write it; empty for the root. */
function plainPath(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "")
    .map((part) => `/${part}`)
    .join("");
}
