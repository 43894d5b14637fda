/** What is wrong with the files in `variables/`; the caller knows the model and says so. */
export class BundleError extends Error {}
