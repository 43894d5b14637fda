import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";

/**
 * Turns states of ModelDeployments into lines for a terminal: one whenever what a user would want to know has changed.
 * The returned function gives the line for a new state, or undefined when there is nothing new to say.
 */
export function progressLines(): (deployment: ModelDeployment) => string | undefined {
  const last = new Map<string, string>();
  return (deployment) => {
    const key = `${deployment.metadata.namespace ?? "default"}/${deployment.metadata.name}`;
    const text = progressText(deployment);
    if (text === undefined || last.get(key) === text) return undefined;
    last.set(key, text);
    return `${key}  ${text}`;
  };
}

/** What to say about one state; undefined before the operator has seen this generation of the object. */
function progressText({ metadata, status }: ModelDeployment): string | undefined {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready === undefined || ready.observedGeneration !== metadata.generation) return undefined;
  if (ready.status === "True") return `Ready (${ready.reason}): version ${status?.stable?.version ?? "-"} serves`;
  return `${ready.reason}: ${ready.message}`;
}

/** True when the present generation is declared ready. */
export function isReady({ metadata, status }: ModelDeployment): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" && ready.observedGeneration === metadata.generation;
}
