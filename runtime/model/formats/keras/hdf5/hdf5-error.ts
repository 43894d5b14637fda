/** The file, or one object of it, breaks a rule; the message says which. */
export class Hdf5Error extends Error {
  /** Path of the object that is to blame; empty: the file as a whole. */
  readonly path: string;

  constructor(path: string, reason: string) {
    super(reason);
    this.path = path;
  }
}

/** What is there cannot be HDF5: a field points out of the file, a signature is missing, a number contradicts another. */
export function brokenStructure(): Hdf5Error {
  return new Hdf5Error("", "its structure is broken or it is cut short");
}

/** It may well be HDF5, but of a kind that weights are not kept in. */
export function unknownStructure(what: string): Hdf5Error {
  return new Hdf5Error("", `${what} is not read; save the model again with Keras`);
}
