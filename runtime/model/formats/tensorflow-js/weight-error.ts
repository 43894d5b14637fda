/** The weights of a model.json are invalid; the caller adds the model's name. */
export class WeightError extends Error {}
