/**
 * Warning for a model that is not the only one of its name: on the shared port, clients have to choose one.
 *
 * @param others keys of the ModelDeployments whose models have the same name
 */
export function sharedNameMessage(model: string, others: string): string {
  return `the model of ${others} is called ${model} as well: clients of the common port must choose one by host or by the header modelwright-model; or change spec.model.name`;
}
