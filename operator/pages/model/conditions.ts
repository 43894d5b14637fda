import type { Condition, ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { html, type SafeHtml } from "../markup/html.ts";

/** The condition of this type, if the operator has set it. */
export function condition(deployment: ModelDeployment, type: string): Condition | undefined {
  return deployment.status?.conditions?.find((candidate) => candidate.type === type);
}

/** All conditions, as a table. */
export function conditionTable({ status }: ModelDeployment): SafeHtml {
  return html`<table id="conditions">
    <thead>
      <tr>
        <th>Type</th>
        <th>Status</th>
        <th>Reason</th>
        <th>Message</th>
      </tr>
    </thead>
    <tbody>
      ${(status?.conditions ?? []).map(conditionRow)}
    </tbody>
  </table>`;
}

/** CSS class of a condition: most are good when True, Stalled is bad, Progressing and Reconciling are neither. */
export function tone(condition: Condition | undefined): "good" | "bad" | "neutral" {
  if (condition === undefined || condition.status === "Unknown") return "neutral";
  if (condition.type === "Progressing" || condition.type === "Reconciling") return "neutral";
  return (condition.status === "True") === (condition.type !== "Stalled") ? "good" : "bad";
}

function conditionRow(condition: Condition): SafeHtml {
  const { type, status, reason, message } = condition;
  return html`<tr>
    <td>${type}</td>
    <td class="${tone(condition)}">${status}</td>
    <td>${reason}</td>
    <td>${message}</td>
  </tr>`;
}
