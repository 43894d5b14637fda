import type { ModelDeployment, RevisionStatus } from "../../../crds/v1alpha1/model-deployment.ts";
import { conditionTable } from "./conditions.ts";
import { factRows, html, type SafeHtml } from "../markup/html.ts";
import { page } from "../markup/page.ts";
import { rolloutSection } from "./rollout-section.ts";
import type { ScalingPoint } from "./scaling-history.ts";
import { scalingSection } from "./scaling-section.ts";
import { trialRequest } from "./trial-request.ts";

interface LiveOptions {
  /** Whether buttons for rollout commands are shown. */
  readonly showCommands: boolean;
  /** Its scaling history. */
  readonly scaling: readonly ScalingPoint[];
}

interface ModelPageOptions extends LiveOptions {
  /** Whether a gateway for trial predictions is known. */
  readonly showTrial: boolean;
  readonly trial?: { readonly body: string; readonly answer: string };
  /** Result of a command, after one was sent. */
  readonly notice?: string;
}

/** HTML of the page of one ModelDeployment: its live part, and the form for a trial prediction. */
export function modelPage(deployment: ModelDeployment, options: ModelPageOptions): string {
  const { namespace = "default", name } = deployment.metadata;
  const source = `/models/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/live`;
  return page(
    `${namespace}/${name}`,
    html`<p><a href="/">All ModelDeployments</a></p>
      ${options.notice === undefined ? html`` : html`<p id="notice">${options.notice}</p>`}
      <div id="live" data-source="${source}">${livePart(deployment, options)}</div>
      ${options.showTrial ? trialForm(options.trial, deployment.status?.model?.signature) : html``}`,
  );
}

/** The part that is updated while a page is open: rollout, scaling, conditions, revisions, model. */
export function livePart(deployment: ModelDeployment, { showCommands, scaling }: LiveOptions): SafeHtml {
  return html`${rolloutSection(deployment, showCommands)} ${scalingSection(deployment, scaling)}
    <h2>Conditions</h2>
    ${conditionTable(deployment)}
    <h2>Revisions</h2>
    <table id="revisions">
      <thead>
        <tr>
          <th></th>
          <th>Revision</th>
          <th>Version</th>
          <th>Ready</th>
          <th>Replicas</th>
          <th>Weight</th>
        </tr>
      </thead>
      <tbody>
        ${revisionRows(deployment)}
      </tbody>
    </table>
    <h2>Model</h2>
    ${modelFacts(deployment)}`;
}

function modelFacts({ status }: ModelDeployment): SafeHtml {
  const { model, url } = status ?? {};
  if (model === undefined) return html`<p>not loaded yet</p>`;
  const facts = [
    ["Signature", model.signature],
    ["Format", model.format],
    ["Engine", model.engine],
    ["Why this engine", model.engineNote],
    ["Size", model.bytes === undefined ? undefined : `${model.bytes.toLocaleString("en")} bytes`],
    ["Digest", model.digest],
    ["URL", url],
  ] as const;
  const rows = factRows(
    facts.map(([name, value]) => [name, value === undefined ? undefined : html`<code>${value}</code>`]),
  );
  return html`<table id="model">
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

function revisionRows({ status }: ModelDeployment): readonly SafeHtml[] {
  return [
    ...(status?.stable === undefined ? [] : [revisionRow("stable", status.stable)]),
    ...(status?.candidate === undefined ? [] : [revisionRow("candidate", status.candidate)]),
  ];
}

function revisionRow(role: string, { revision, version, ready, replicas, weight }: RevisionStatus): SafeHtml {
  return html`<tr>
    <td>${role}</td>
    <td>${revision}</td>
    <td>${version}</td>
    <td>${ready ?? 0}</td>
    <td>${replicas ?? 0}</td>
    <td>${weight ?? 0} %</td>
  </tr>`;
}

function trialForm(trial: ModelPageOptions["trial"], signature: string | undefined): SafeHtml {
  const answer = trial === undefined ? html`` : html`<pre id="answer">${trial.answer}</pre>`;
  return html`<h2>Try a prediction</h2>
    <form method="post">
      <label for="body">Request body, as TensorFlow Serving's REST API takes it</label>
      <textarea id="body" name="body" rows="8" spellcheck="false">${trial?.body ?? trialRequest(signature)}</textarea>
      <button type="submit">Predict</button>
    </form>
    ${answer}`;
}
