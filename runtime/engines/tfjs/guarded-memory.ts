/** Largest single value: 2^28 elements of float32. */
const maxBytes = 2 ** 30;

/** The part of the wasm backend that allocates. */
interface Allocator {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/**
 * Makes allocations fail that cannot be had: the wasm backend takes the address 0, which says that memory is full, for a
 * place to write to, and cuts sizes to 32 bits.
 */
export function guardMemory(backend: object): void {
  const { wasm } = backend as { readonly wasm?: Allocator }; // BackendWasm keeps its module there
  if (wasm === undefined) return;
  wasm._free(wasm._malloc(1)); // the first call puts the real function in its own place
  const allocate = wasm._malloc.bind(wasm);
  wasm._malloc = (bytes) => {
    if (!(bytes <= maxBytes))
      throw new RangeError(`a value would take ${bytes} bytes; at most ${maxBytes} are allowed`);
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) throw new RangeError(`there is no memory for a value of ${bytes} bytes`);
    return address;
  };
}
