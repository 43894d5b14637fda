/** Largest allocation: 2^28 elements of float32. */
const maxBytes = 2 ** 30;

/** The allocator of the wasm backend's module. */
interface Allocator {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/**
 * Makes failed allocations throw: the wasm backend would write to address 0, which `malloc` returns when memory is
 * exhausted, and truncates sizes to 32 bits.
 */
export function guardAllocations(backend: object): void {
  const { wasm } = backend as { readonly wasm?: Allocator }; // BackendWasm's Emscripten module
  if (wasm === undefined) return;
  wasm._free(wasm._malloc(1)); // the first call replaces the stub by the real function
  const allocate = wasm._malloc.bind(wasm);
  wasm._malloc = (bytes) => {
    if (!(bytes <= maxBytes))
      throw new RangeError(`a value would take ${bytes} bytes; at most ${maxBytes} are allowed`);
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) throw new RangeError(`there is no memory for a value of ${bytes} bytes`);
    return address;
  };
}
