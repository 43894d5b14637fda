/** What is wrong with the weights of a model.json; the caller knows the model and says so. */
export class WeightError extends Error {}
