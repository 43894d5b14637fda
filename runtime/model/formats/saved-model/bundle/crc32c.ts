/** CRC-32C (Castagnoli), reflected: RFC 3720, appendix B.4. */
const polynomial = 0x82f63b78;
/** Four tables of 256 words, to process four bytes at a time. */
const tables = crcTables();

function crcTables(): DataView {
  const words = new DataView(new ArrayBuffer(4 * 256 * 4));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    words.setInt32(4 * byte, crc, true);
  }
  for (let i = 256; i < 4 * 256; i++) {
    const before = words.getInt32(4 * (i - 256), true);
    words.setInt32(4 * i, (before >>> 8) ^ words.getInt32(4 * (before & 0xff), true), true);
  }
  return words;
}

/** The CRC-32C of bytes. */
export function crc32c(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = bytes.length - (bytes.length % 4);
  let crc = -1;
  for (let i = 0; i < words; i += 4) {
    crc ^= view.getInt32(i, true);
    crc =
      tables.getInt32(3072 + 4 * (crc & 0xff), true) ^
      tables.getInt32(2048 + 4 * ((crc >>> 8) & 0xff), true) ^
      tables.getInt32(1024 + 4 * ((crc >>> 16) & 0xff), true) ^
      tables.getInt32(4 * (crc >>> 24), true);
  }
  for (let i = words; i < bytes.length; i++) {
    crc = tables.getInt32(4 * ((crc ^ view.getUint8(i)) & 0xff), true) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/** Masks a checksum as TensorFlow stores it (tsl/lib/hash/crc32c.h), so that checksums of checksums are useful. */
export function maskCrc32c(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
