import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import { condition, tone } from "./model/conditions.ts";
import { html } from "./markup/html.ts";
import { page } from "./markup/page.ts";

/** HTML of the list of all ModelDeployments with their Ready conditions. */
export function listPage(deployments: readonly ModelDeployment[]): string {
  const rows = deployments.map((deployment) => {
    const { namespace = "default", name } = deployment.metadata;
    const ready = condition(deployment, "Ready");
    return html`<tr>
      <td><a href="/models/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}">${name}</a></td>
      <td>${namespace}</td>
      <td class="${tone(ready)}">${ready?.status ?? "Unknown"}</td>
      <td>${ready?.reason}</td>
      <td>${deployment.status?.stable?.version}</td>
      <td>${deployment.status?.replicas ?? 0}</td>
      <td>${ready?.message}</td>
    </tr>`;
  });
  const table = html`<table>
    <thead>
      <tr>
        <th>Name</th>
        <th>Namespace</th>
        <th>Ready</th>
        <th>Reason</th>
        <th>Version</th>
        <th>Replicas</th>
        <th>Message</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
  const empty = html`<p>No ModelDeployment yet. <code>kubectl apply -f</code> one.</p>`;
  return page("ModelDeployments", deployments.length === 0 ? empty : table);
}
