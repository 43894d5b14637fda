import type { Cursor } from "../bytes/cursor.ts";
import type { FileBytes } from "../bytes/file-bytes.ts";
import { unknownStructure } from "../hdf5-error.ts";

const checksumBytes = 4;

/** The `count` elements of a fixed array, in order, without those of unwritten pages. Specification III.H (VII.C). */
export function* fixedArray(
  file: FileBytes,
  address: number | undefined,
  count: number,
): Generator<{ readonly index: number; readonly fields: Cursor }> {
  const head = file.structure(address, 8 + file.sizes.length + file.sizes.address);
  head.expect("FAHD\0");
  head.skip(1);
  const elementBytes = head.uint(1);
  const pageElements = 2 ** head.uint(1);
  if (head.length() !== count) throw unknownStructure("a resizable dataset");
  const block = head.address();
  const headBytes = 6 + file.sizes.address;
  file.structure(block, headBytes).expect("FADB\0");
  const start = (block ?? 0) + headBytes;
  const pages = count > pageElements ? Math.ceil(count / pageElements) : 0;
  const written = file.structure(start, Math.ceil(pages / 8)).bytes(Math.ceil(pages / 8));
  const firstAddress = pages === 0 ? start : start + written.length + checksumBytes;
  for (let index = 0; index < count; index++) {
    const page = pages === 0 ? 0 : Math.floor(index / pageElements);
    if (pages !== 0 && ((written[page >> 3] ?? 0) & (0x80 >> (page & 7))) === 0) continue;
    const elementAddress = firstAddress + page * checksumBytes + index * elementBytes;
    yield { index, fields: file.structure(elementAddress, elementBytes) };
  }
}
