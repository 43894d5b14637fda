import type { FileBytes } from "./bytes/file-bytes.ts";
import { product } from "./data/chunk-locations.ts";
import { fillFromChunks } from "./data/chunks.ts";
import { type ElementDecoder, elementDecoder } from "./data/element-decoder.ts";
import { fillValue } from "./data/fill-value.ts";
import { type Filter, filters } from "./data/filters.ts";
import { type Layout, layout } from "./data/layout.ts";
import { brokenStructure, Hdf5Error } from "./hdf5-error.ts";
import { dataspace } from "./objects/dataspace.ts";
import { datatype } from "./objects/datatype.ts";
import { messageTypes, type ObjectHeader } from "./objects/object-header.ts";

/** A numeric dataset whose header has been checked; reading it can only fail for damaged data. */
export interface Hdf5Dataset {
  readonly path: string;
  readonly shape: readonly number[];
  readonly length: number;
  /** All elements, converted to float32. Throws an Hdf5Error. */
  readonly floats: () => Float32Array<ArrayBuffer>;
}

/** A dataset's header, decoded. */
interface DatasetHeader {
  readonly shape: readonly number[];
  readonly elementBytes: number;
  readonly decode: ElementDecoder;
  /** The stored bytes are those of a Float32Array. */
  readonly isFloat32: boolean;
  readonly layout: Layout;
  readonly filters: readonly Filter[];
  readonly fill: number;
}

/** Weights compress by less than a factor of 4, zeros by 1000. */
const maxCompressionRatio = 100;
const ratioExemptBytes = 16 * 1024 ** 2;
/** Elements of other types are converted in blocks of this size. */
const blockBytes = 1024 ** 2;

/** The dataset with this header. Throws an Hdf5Error without a path. */
export function hdf5Dataset(file: FileBytes, header: ObjectHeader): Omit<Hdf5Dataset, "path"> {
  const dataset = datasetHeader(header);
  checkSize(file, dataset);
  const { shape } = dataset;
  return { shape, length: product(shape), floats: () => floatsOf(file, dataset) };
}

function datasetHeader(header: ObjectHeader): DatasetHeader {
  const space = header.first(messageTypes.dataspace);
  const type = header.first(messageTypes.datatype);
  const layoutMessage = header.first(messageTypes.layout);
  if (space === undefined || type === undefined || layoutMessage === undefined) throw brokenStructure();
  const shape = dataspace(space);
  if (shape === undefined) throw new Hdf5Error("", "it holds no data");
  if (header.has(messageTypes.externalFiles)) throw new Hdf5Error("", "its data is in other files");
  const element = datatype(type);
  const decode = elementDecoder(element);
  if (decode === undefined) throw new Hdf5Error("", "its elements are not numbers of at most 64 bits");
  return {
    shape,
    decode,
    elementBytes: element.sizeBytes,
    isFloat32: element.kind === "float" && element.sizeBytes === 4 && !element.isBigEndian,
    layout: layout(layoutMessage),
    filters: filters(header.first(messageTypes.filters)),
    fill: fillValue(header.first(messageTypes.fillValue), decode),
  };
}

/** Checks the declared size before anything is allocated. */
function checkSize({ sizeBytes: fileBytes }: FileBytes, { shape, layout, elementBytes, filters }: DatasetHeader): void {
  const chunk = layout.kind === "chunked" ? layout.chunk : shape;
  if (chunk.length !== shape.length || (chunk.includes(0) && chunk !== shape)) throw brokenStructure();
  const covered = product(chunkCounts(shape, chunk)) * product(chunk);
  const largest = Math.max(product(shape), covered) * elementBytes;
  const limit = filters.length > 0 ? Math.max(ratioExemptBytes, fileBytes * maxCompressionRatio) : fileBytes;
  if (largest <= limit) return;
  throw new Hdf5Error("", `it says it holds ${largest} bytes, more than a file of ${fileBytes} bytes can hold`);
}

function chunkCounts(shape: readonly number[], chunk: readonly number[]): readonly number[] {
  return shape.map((size, i) => Math.ceil(size / (chunk[i] ?? 1)) || 0);
}

function floatsOf(file: FileBytes, dataset: DatasetHeader): Float32Array<ArrayBuffer> {
  const { shape, layout, filters, fill, elementBytes, decode } = dataset;
  const floats = new Float32Array(product(shape));
  if (floats.length === 0) return floats;
  if (fill !== 0) floats.fill(fill);
  if (layout.kind === "compact") {
    const bytes = Uint8Array.from(layout.content);
    if (bytes.length < floats.length * elementBytes) throw brokenStructure();
    floats.set(decode(bytes.subarray(0, floats.length * elementBytes)));
  } else if (layout.kind === "chunked") {
    const chunkBytes = product(layout.chunk) * elementBytes;
    const counts = chunkCounts(shape, layout.chunk);
    const grid = { layout, counts, chunkBytes, isFiltered: filters.length > 0 };
    fillFromChunks(floats, file, { grid, shape, filters, elementBytes, decode });
  } else if (layout.address !== undefined) {
    fillFromContiguous(floats, file, layout.address, dataset);
  }
  return floats;
}

/** Reads a contiguous dataset. */
function fillFromContiguous(
  floats: Float32Array<ArrayBuffer>,
  file: FileBytes,
  address: number,
  dataset: DatasetHeader,
): void {
  const { isFloat32, elementBytes, decode } = dataset;
  if (isFloat32) return file.copyInto(new Uint8Array(floats.buffer), address);
  const step = blockBytes / elementBytes;
  for (let start = 0; start < floats.length; start += step) {
    const bytes = new Uint8Array(Math.min(step, floats.length - start) * elementBytes);
    file.copyInto(bytes, address + start * elementBytes);
    floats.set(decode(bytes), start);
  }
}
