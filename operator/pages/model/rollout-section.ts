import type {
  ModelDeployment,
  ModelDeploymentStatus,
  RevisionStatus,
} from "../../../crds/v1alpha1/model-deployment.ts";
import type { StepSpec } from "../../../crds/v1alpha1/rollout/rollout.ts";
import type { RolloutStatus } from "../../../crds/v1alpha1/rollout/rollout-status.ts";
import { annotations } from "../../model-deployment/resources/labels.ts";
import type { RolloutCommand } from "../../rollout-commands/rollout-command.ts";
import { factRows, html, type SafeHtml } from "../markup/html.ts";

const captions: Readonly<Record<RolloutCommand, string>> = {
  promote: "Promote",
  "promote-full": "Promote fully",
  abort: "Abort",
  retry: "Retry",
  pause: "Pause",
  resume: "Resume",
  restart: "Restart",
};

/** The current rollout with its weights, steps and analysis, failed revisions, and the buttons that apply. */
export function rolloutSection(deployment: ModelDeployment, showCommands: boolean): SafeHtml {
  const { status } = deployment;
  const isRollingOut = status?.candidate !== undefined && status.stable !== undefined;
  if (!isRollingOut && (status?.failedRevisions ?? []).length === 0) return html``;
  return html`<section id="rollout">
    <h2>Rollout</h2>
    ${isRollingOut ? currentRollout(deployment) : html``} ${failed(deployment)}
    ${showCommands ? commands(deployment, isRollingOut) : html``}
  </section>`;
}

function currentRollout({ spec, status = {} }: ModelDeployment): SafeHtml {
  const { stable, candidate, rollout, step = 0 } = status;
  const steps = (spec.rollout?.canary?.steps ?? []).map((one, index) => stepItem(one, index - step));
  if (stable === undefined || candidate === undefined) return html``;
  return html`<div class="bar" id="weights">${bar("stable", stable)}${bar("candidate", candidate)}</div>
    <p class="legend">${legend("stable", stable)} ${legend("candidate", candidate)}</p>
    <p>${summary(status)}</p>
    ${
      steps.length === 0
        ? html``
        : html`<ol class="steps" id="steps">
            ${steps}
          </ol>`
    }
    ${rollout?.analysis === undefined ? html`` : analysis(rollout.analysis)}`;
}

function summary({ rollout, capacity }: ModelDeploymentStatus): string {
  const waits = rollout?.paused === true ? ", waits for a promotion" : "";
  const room = capacity?.mode === undefined ? "" : ` · capacity ${capacity.mode}: ${capacity.why ?? ""}`;
  return `${rollout?.strategy ?? "Canary"}${waits}${room}`;
}

function bar(role: "stable" | "candidate", { weight = 0 }: RevisionStatus): SafeHtml {
  return html`<div class="${role}" style="width: ${weight}%"></div>`;
}

function legend(role: "stable" | "candidate", { weight = 0, version = "-" }: RevisionStatus): SafeHtml {
  return html`<span class="${role}">${role} ${version}: ${weight} %</span>`;
}

/** An item of the steps; `distance` is from the current step, negative for completed ones. */
function stepItem(step: StepSpec, distance: number): SafeHtml {
  const name = distance < 0 ? "past" : distance === 0 ? "now" : "next";
  return html`<li class="${name}">${stepText(step)}</li>`;
}

function stepText({ setWeight, pause, analyze }: StepSpec): string {
  if (setWeight !== undefined) return `set weight ${setWeight} %`;
  if (pause !== undefined) return pause.duration === undefined ? "pause until promoted" : `pause ${pause.duration}`;
  return `analyze${analyze?.duration === undefined ? "" : ` for ${analyze.duration}`}`;
}

function analysis({ verdict, message, divergence }: NonNullable<RolloutStatus["analysis"]>): SafeHtml {
  const figures: readonly (readonly [string, string | number | undefined])[] = [
    ["Responses compared", divergence?.compared],
    ["Of these, differing", divergence?.differing],
    ["Largest difference", divergence?.maxAbsolute],
    ["Mean difference", divergence?.meanAbsolute],
    ["Same first choice", divergence?.topOneAgreement === undefined ? undefined : `${divergence.topOneAgreement} %`],
  ];
  const rows = factRows(figures);
  const tone = { Pass: "good", Fail: "bad", None: "neutral" }[verdict];
  return html`<p id="analysis">
      Analysis: <span class="${tone}">${verdict === "None" ? "no verdict yet" : verdict}</span> ${message}
    </p>
    ${
      rows.length === 0
        ? html``
        : html`<table id="divergence">
            <tbody>
              ${rows}
            </tbody>
          </table>`
    }`;
}

function failed({ status }: ModelDeployment): SafeHtml {
  const items = (status?.failedRevisions ?? []).map(
    ({ revision, reason, message }) =>
      html`<li><code>${revision}</code> <span class="bad">${reason}</span> ${message}</li>`,
  );
  if (items.length === 0) return html``;
  return html`<p>Failed, not tried again:</p>
    <ul id="failed">
      ${items}
    </ul>`;
}

function commands({ metadata, status }: ModelDeployment, isRollingOut: boolean): SafeHtml {
  const isPaused = metadata.annotations?.[annotations.pause] !== undefined;
  const applicable: readonly RolloutCommand[] = [
    ...(isRollingOut ? (["promote", "promote-full", "abort", isPaused ? "resume" : "pause"] as const) : []),
    ...((status?.failedRevisions ?? []).length > 0 ? (["retry"] as const) : []),
  ];
  const { namespace = "default", name } = metadata;
  const action = `/models/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/rollout`;
  return html`<div id="commands">
    ${applicable.map(
      (command) =>
        html`<form class="command" method="post" action="${action}">
          <button type="submit" name="command" value="${command}">${captions[command]}</button>
        </form>`,
    )}
  </div>`;
}
