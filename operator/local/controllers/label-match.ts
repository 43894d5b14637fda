import type { KubeObject, LabelSelector } from "../../kube/kinds.ts";

interface Expression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Whether an object has all these labels. */
export function hasLabels(object: KubeObject, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([key, value]) => object.metadata.labels?.[key] === value);
}

/** Whether a label selector matches an object; an empty selector matches all. */
export function isSelected(
  object: KubeObject,
  { matchLabels = {}, ...selector }: LabelSelector & { readonly matchExpressions?: readonly Expression[] },
): boolean {
  return hasLabels(object, matchLabels) && (selector.matchExpressions ?? []).every((term) => isMet(term, object));
}

function isMet({ key, operator, values = [] }: Expression, { metadata }: KubeObject): boolean {
  const value = metadata.labels?.[key];
  if (operator === "Exists" || operator === "DoesNotExist") return (value !== undefined) === (operator === "Exists");
  return (value !== undefined && values.includes(value)) === (operator === "In");
}
