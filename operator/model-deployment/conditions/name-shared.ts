/**
 * What clients and the author of a ModelDeployment have to know when its model is not the only one of its name.
 *
 * @param others keys of the ModelDeployments whose models are called so as well
 */
export function nameShared(model: string, others: string): string {
  return `the model of ${others} is called ${model} as well: clients of the common port must choose one by host or by the header modelwright-model; or change spec.model.name`;
}
