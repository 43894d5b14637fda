/** The files in `variables/` are invalid; the caller adds the model's name. */
export class BundleError extends Error {}
