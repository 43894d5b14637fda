import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { factRows, html, type SafeHtml } from "../markup/html.ts";
import type { ScalingPoint } from "./scaling-history.ts";

const width = 720;
const height = 160;
const left = 36;
const bottom = 20;

/** The autoscaler's decision and its reason, with a plot of demand, desired and ready pods. Empty without `spec.autoscaling`. */
export function scalingSection({ spec, status }: ModelDeployment, points: readonly ScalingPoint[]): SafeHtml {
  if (spec.autoscaling === undefined) return html``;
  const { desired, why, signal, serviceTime, startTime } = status?.autoscaling ?? {};
  const facts = [
    [
      "Desired pods",
      desired === undefined ? undefined : `${desired} of ${spec.autoscaling.min ?? 1} to ${spec.autoscaling.max}`,
    ],
    ["Why", why],
    ["Offered concurrency", signal],
    ["Service time", serviceTime],
    ["Start time", startTime],
  ] as const;
  const rows = factRows(facts);
  return html`<section id="scaling">
    <h2>Autoscaling</h2>
    ${points.length < 2 ? html`` : plot(points)}
    <table>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </section>`;
}

/** A line each for demand, desired and ready pods, on a common scale. */
function plot(points: readonly ScalingPoint[]): SafeHtml {
  const first = points[0]?.atMs ?? 0;
  const last = points.at(-1)?.atMs ?? first;
  const most = Math.max(1, ...points.flatMap(({ offered = 0, desired, ready }) => [offered, desired, ready]));
  const x = (atMs: number): string => (left + ((width - left) * (atMs - first)) / Math.max(1, last - first)).toFixed(1);
  const y = (value: number): string => ((height - bottom) * (1 - value / most) + 4).toFixed(1);
  const line = (name: "offered" | "desired" | "ready"): SafeHtml => {
    const known = points.flatMap((point) => {
      const value = point[name];
      return value === undefined ? [] : [`${x(point.atMs)},${y(value)}`];
    });
    return html`<polyline class="${name}" points="${known.join(" ")}"></polyline>`;
  };
  const minutes = Math.max(1, Math.round((last - first) / 60_000));
  return html`<svg
      id="scaling-plot"
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label="demand, desired and ready pods"
    >
      <text x="0" y="12">${most.toFixed(most < 10 ? 1 : 0)}</text>
      <text x="0" y="${height - bottom}">0</text>
      <text x="${left}" y="${height - 4}">${minutes} min ago</text>
      <text x="${width}" y="${height - 4}" text-anchor="end">now</text>
      ${[line("offered"), line("desired"), line("ready")]}
    </svg>
    <p class="legend">
      <span class="offered">demand</span> <span class="desired">desired</span> <span class="ready">ready</span>
    </p>`;
}
