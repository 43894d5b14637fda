import { ready } from "h5wasm";
import type { ByteSource } from "../../byte-source.ts";

/** What we use of h5wasm's compiled HDF5 library. Status codes are negative on failure; ids are opaque. */
export interface Hdf5Module {
  open(path: string, mode: number, ...rest: readonly [trackOrder: boolean, oldest: number, newest: number]): bigint;
  readonly H5F_LIBVER_EARLIEST: number;
  readonly H5F_LIBVER_LATEST: number;
  close_file(file: bigint): number;
  /** 0 group, 1 dataset, 4 external link; negative when absent. Follows soft links, and is undefined for broken ones. */
  get_type(file: bigint, path: string): number;
  /** Target of a soft link; `null` if it is something else. */
  get_symbolic_link(file: bigint, path: string): string | null;
  get_names(file: bigint, path: string, recursive: boolean): string[];
  get_attribute_names(file: bigint, path: string): string[];
  get_attribute_metadata(file: bigint, path: string, name: string): Hdf5Metadata;
  get_attribute_data(file: bigint, path: string, name: string, target: bigint): number;
  reclaim_vlen_memory(file: bigint, path: string, name: string, target: bigint): number;
  get_dataset_metadata(file: bigint, path: string): Hdf5Metadata;
  get_dataset_filters(file: bigint, path: string): readonly { readonly id: number; readonly name: string }[];
  get_dataset_data(
    file: bigint,
    path: string,
    count: readonly bigint[] | null,
    offset: readonly bigint[] | null,
    ...rest: readonly [strides: readonly bigint[] | null, target: bigint]
  ): number;
  UTF8ToString(pointer: number): string;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  readonly HEAPU8: Uint8Array;
}

/** Type class numbers of `Hdf5Metadata.type` (H5T_class_t). */
export const hdf5Types = { integer: 0, float: 1, string: 3 };

export interface Hdf5Metadata {
  readonly type: number;
  /** Bytes of one element. */
  readonly size: number;
  readonly signed: boolean;
  readonly vlen: boolean;
  /** `null`: no data at all. */
  readonly shape: readonly number[] | null;
  readonly chunks: readonly number[] | null;
  readonly virtual_sources?: readonly unknown[];
}

interface FileNode {
  stream_ops: object;
  node_ops: { getattr(node: FileNode): object };
}

interface SeekableStream {
  readonly position: number;
}

interface FileSystem {
  createFile(folder: string, name: string, properties: object, canRead: boolean, canWrite: boolean): FileNode;
}

const folder = "/";
let opened = 0;

/**
 * The library with the file in its own, otherwise empty file system: external links and external storage find nothing.
 * The file is read on demand; it stays there until the thread ends.
 */
export async function hdf5Module(source: ByteSource): Promise<{ module: Hdf5Module; path: string }> {
  const loaded: unknown = await ready;
  const module = loaded as Hdf5Module & { readonly FS: FileSystem }; // h5wasm's own types leave FS and the data calls open
  const name = `${opened++}.h5`;
  mount(module.FS, name, source);
  return { module, path: `${folder}${name}` };
}

/** Puts the source into the library's file system by the hooks that emscripten's own lazy files use. */
function mount(files: FileSystem, name: string, source: ByteSource): void {
  const node = files.createFile(folder, name, {}, true, false);
  const original = node.node_ops;
  const { sizeBytes } = source;
  node.node_ops = { ...original, getattr: (of) => ({ ...original.getattr(of), size: sizeBytes }) };
  node.stream_ops = {
    ...node.stream_ops,
    read: (_: SeekableStream, heap: Uint8Array, offset: number, ...[length, position]: [number, number]) =>
      source.read(heap.subarray(offset, offset + length), position),
    llseek: (stream: SeekableStream, offset: number, whence: number) => {
      const origin = whence === 1 ? stream.position : whence === 2 ? sizeBytes : 0;
      return origin + offset;
    },
  };
}
