/** Largest single value: 2^28 elements of float32. */
const maxBytes = 2 ** 30;

/** The part of the wasm backend that allocates. */
interface Allocator {
  _malloc(bytes: number): number;
}

/**
 * Makes allocations fail that cannot be had: the wasm backend takes the address 0, which says that memory is full, for a
 * place to write to, and cuts sizes to 32 bits.
 */
export function guardMemory(backend: object): void {
  const { wasm } = backend as { readonly wasm?: Partial<Allocator> }; // BackendWasm keeps its module there
  const allocate = wasm?._malloc?.bind(wasm);
  if (wasm === undefined || allocate === undefined) return;
  wasm._malloc = (bytes) => {
    if (!(bytes <= maxBytes))
      throw new RangeError(`a value would take ${bytes} bytes; at most ${maxBytes} are allowed`);
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) throw new RangeError(`there is no memory for a value of ${bytes} bytes`);
    return address;
  };
}
