/** The file, or one of its objects, is invalid or unsupported. */
export class Hdf5Error extends Error {
  /** Path of the object at fault; empty: the file as a whole. */
  readonly path: string;

  constructor(path: string, reason: string) {
    super(reason);
    this.path = path;
  }
}

/** The bytes are not valid HDF5: an address outside the file, a missing signature, contradictory sizes. */
export function brokenStructure(): Hdf5Error {
  return new Hdf5Error("", "its structure is broken or it is cut short");
}

/** Valid HDF5 of a kind that is not used for weights and therefore not supported. */
export function unknownStructure(what: string): Hdf5Error {
  return new Hdf5Error("", `${what} is not supported; save the model again with Keras`);
}
