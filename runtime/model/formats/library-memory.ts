/** Bytes that the HDF5 library may use beside the weights it hands out block by block. */
const libraryBytes = 192 * 1024 ** 2;
const pageBytes = 65_536;

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** WebAssembly memory is not covered by the thread's resource limits: growing beyond the limit fails inside the library. */
export function limitLibraryMemory(): void {
  const { Memory } = Reflect.get(globalThis, "WebAssembly") as { Memory: { prototype: Memory } }; // not in the es2024 types
  const grow: unknown = Object.getOwnPropertyDescriptor(Memory.prototype, "grow")?.value;
  if (typeof grow !== "function") return;
  Memory.prototype.grow = function (this: Memory, pages: number): number {
    if (this.buffer.byteLength + pages * pageBytes > libraryBytes) throw new RangeError("the memory limit is reached");
    return Number(Reflect.apply(grow, this, [pages]));
  };
}
