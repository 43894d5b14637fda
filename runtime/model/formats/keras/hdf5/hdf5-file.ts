import { type ByteSource, bytesAt } from "../../byte-source.ts";
import { type Hdf5Metadata, type Hdf5Module, hdf5Module, hdf5Types } from "./hdf5-module.ts";

/** The file, or one weight of it, breaks a rule; the message says which. */
export class Hdf5Error extends Error {
  /** Path of the object that is to blame; empty: the file as a whole. */
  readonly path: string;

  constructor(path: string, reason: string) {
    super(reason);
    this.path = path;
  }
}

/** A dataset's shape and type, with everything that could make it unreadable ruled out. */
export interface Hdf5Dataset {
  readonly path: string;
  readonly metadata: Hdf5Metadata;
  readonly shape: readonly number[];
  readonly sizeBytes: number;
}

const groupType = 0;
const datasetType = 1;
const externalLinkType = 4;
const maxAttributeBytes = 32 * 1024 ** 2;
const maxAttributeStrings = 100_000;
/** Weights compress by less than 4; zeros by 1000. */
const maxCompressionRatio = 100;
const ratioExemptBytes = 16 * 1024 ** 2;
const signature = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");

/** An HDF5 file. Follows no link, reads nothing outside the source, checks sizes before it allocates. */
export interface Hdf5File {
  isGroup(path: string): boolean;
  childNames(path: string): readonly string[];
  /** Strings of an attribute; `undefined` if absent, not of strings, or of none. */
  strings(path: string, attribute: string): readonly string[] | undefined;
  dataset(path: string): Hdf5Dataset;
  /** Handle for `readFloats`. */
  readonly module: Hdf5Module;
  readonly id: bigint;
}

/** Opens HDF5. Throws an Hdf5Error when it is none or is cut short. */
export async function hdf5File(source: ByteSource): Promise<Hdf5File> {
  if (!hasSignature(source)) throw new Hdf5Error("", "it does not have the HDF5 signature");
  const { module, path } = await hdf5Module(source);
  const { H5F_LIBVER_EARLIEST: oldest, H5F_LIBVER_LATEST: newest } = module;
  const id = attempt("", () => module.open(path, 0, false, oldest, newest));
  if (id < 0n) throw new Hdf5Error("", "its structure is broken or it is cut short");
  const known = new Map<string, Children>();
  const typeOf = (path: string): number | undefined => checkedType(module, id, path, known);
  return {
    module,
    id,
    isGroup: (path) => typeOf(path) === groupType,
    childNames: (path) => (typeOf(path) === groupType ? attempt(path, () => module.get_names(id, path, false)) : []),
    strings: (path, attribute) =>
      typeOf(path) === undefined ? undefined : attributeStrings(module, id, path, attribute),
    dataset: (path) => {
      const type = typeOf(path);
      if (type !== datasetType) throw new Hdf5Error(path, type === undefined ? "it is missing" : "it is not a dataset");
      const metadata = attempt(path, () => module.get_dataset_metadata(id, path));
      return checkedDataset(path, metadata, module.get_dataset_filters(id, path).length > 0, source.sizeBytes);
    },
  };
}

/** The signature is at 0, or behind a user block of 512 · 2ⁿ bytes (HDF5 file format specification, II.A). */
function hasSignature(source: ByteSource): boolean {
  for (let start = 0; start < source.sizeBytes; start = start === 0 ? 512 : start * 2) {
    if (bytesAt(source, start, signature.length).equals(signature)) return true;
  }
  return false;
}

/** Looks at each component of the path, so that no link in the middle is followed either. */
function checkedType(module: Hdf5Module, id: bigint, path: string, known: Map<string, Children>): number | undefined {
  let prefix = "";
  let type: number = groupType;
  for (const part of path.split("/").filter((part) => part !== "")) {
    if (type !== groupType) return undefined;
    const children = childrenOf(module, id, prefix, known);
    if (!children.has(part)) return undefined;
    prefix += `/${part}`;
    type = children.get(part) ?? linkType(module, id, prefix);
    children.set(part, type);
  }
  return type;
}

/** Names in a group, with the type of those looked at. */
type Children = Map<string, number | undefined>;

function childrenOf(module: Hdf5Module, id: bigint, group: string, known: Map<string, Children>): Children {
  const found = known.get(group);
  if (found !== undefined) return found;
  const names = attempt(group, () => module.get_names(id, group === "" ? "/" : group, false));
  const children: Children = new Map(names.map((name) => [name, undefined]));
  known.set(group, children);
  return children;
}

function linkType(module: Hdf5Module, id: bigint, path: string): number {
  if (attempt(path, () => module.get_symbolic_link(id, path)) !== null) {
    throw new Hdf5Error(path, "it is a soft link; links are not followed");
  }
  const type = attempt(path, () => module.get_type(id, path));
  if (type === externalLinkType) throw new Hdf5Error(path, "it is a link to another file; links are not followed");
  return type;
}

function attributeStrings(module: Hdf5Module, id: bigint, path: string, name: string): readonly string[] | undefined {
  const names = attempt(path, () => module.get_attribute_names(id, path));
  if (!names.includes(name)) return undefined;
  const metadata = attempt(path, () => module.get_attribute_metadata(id, path, name));
  if (metadata.type !== hdf5Types.string || metadata.shape === null) return undefined;
  const count = metadata.shape.reduce((product, size) => product * size, 1);
  const sizeBytes = count * metadata.size;
  if (count > maxAttributeStrings || sizeBytes > maxAttributeBytes) {
    throw new Hdf5Error(path, `its attribute ${name} holds ${count} strings in ${sizeBytes} bytes`);
  }
  if (count === 0) return [];
  return withMemory(module, sizeBytes, (pointer) => {
    const status = attempt(path, () => module.get_attribute_data(id, path, name, BigInt(pointer)));
    if (status < 0) throw new Hdf5Error(path, `its attribute ${name} cannot be read`);
    const bytes = Buffer.from(module.HEAPU8.buffer, pointer, sizeBytes);
    if (!metadata.vlen) return fixedStrings(bytes, metadata.size);
    const strings = Array.from({ length: count }, (_, i) => module.UTF8ToString(bytes.readUInt32LE(i * 4)));
    module.reclaim_vlen_memory(id, path, name, BigInt(pointer));
    return strings;
  });
}

function fixedStrings(bytes: Buffer, size: number): readonly string[] {
  return Array.from({ length: bytes.length / size }, (_, i) => {
    const text = bytes.toString("utf8", i * size, (i + 1) * size);
    const end = text.indexOf("\0");
    return end === -1 ? text : text.slice(0, end);
  });
}

function checkedDataset(path: string, metadata: Hdf5Metadata, isFiltered: boolean, fileBytes: number): Hdf5Dataset {
  const { shape, chunks, size } = metadata;
  if (shape === null) throw new Hdf5Error(path, "it holds no data");
  if ((metadata.virtual_sources ?? []).length > 0) throw new Hdf5Error(path, "its data is in other files");
  const sizeBytes = shape.reduce((product, size) => product * size, size);
  const chunkBytes = (chunks ?? []).reduce((product, size) => product * size, size);
  const largest = Math.max(sizeBytes, chunkBytes);
  const limit = isFiltered ? Math.max(ratioExemptBytes, fileBytes * maxCompressionRatio) : fileBytes;
  if (!(largest <= limit)) {
    throw new Hdf5Error(path, `it says it holds ${largest} bytes, more than a file of ${fileBytes} bytes can hold`);
  }
  return { path, metadata, shape, sizeBytes };
}

/** Memory inside the library, freed afterwards. */
export function withMemory<T>(module: Hdf5Module, sizeBytes: number, use: (pointer: number) => T): T {
  const pointer = module._malloc(Math.max(sizeBytes, 1));
  if (pointer === 0) throw new Hdf5Error("", `${sizeBytes} bytes are more than the reader may use`);
  try {
    return use(pointer);
  } finally {
    module._free(pointer);
  }
}

/** The library throws C++ exceptions without a message of use. */
export function attempt<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof Hdf5Error) throw thrown;
    throw new Hdf5Error(path, "its structure is broken or it is cut short");
  }
}
