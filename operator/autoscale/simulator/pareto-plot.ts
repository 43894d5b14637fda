import type { Comparison, Result } from "./comparison.ts";

const width = 720;
const height = 480;
const margin = { left: 70, right: 24, top: 44, bottom: 54 } as const;
const inkOf = { ours: "#1f5fbf", baseline: "#b3541e", axis: "#555" } as const;
/** Lower end of the logarithmic axis; smaller shares are drawn here. */
const leastPercent = 0.01;

interface Scale {
  x(gpuHours: number): number;
  y(latePercent: number): number;
  readonly mostHours: number;
}

/** An SVG plot of late requests over replica hours: our policy as a curve over κ, the baselines as points. */
export function paretoPlot(title: string, { classes, baselines, curve }: Comparison): string {
  const scale = scaleOf([...classes, ...baselines, ...curve]);
  const line = curve.map((result) => pointText(scale, result)).join(" ");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${margin.left}" y="24" font-size="15">${escaped(title)}</text>`,
    ...axes(scale),
    `<polyline points="${line}" fill="none" stroke="${inkOf.ours}" stroke-width="2"/>`,
    ...curve.map((result) => mark(scale, result, { ink: inkOf.ours, radius: 3, label: "" })),
    ...classes.map((result) => mark(scale, result, { ink: inkOf.ours, radius: 5, label: result.name })),
    ...baselines.map((result) => mark(scale, result, { ink: inkOf.baseline, radius: 5, label: result.name })),
    "</svg>",
    "",
  ].join("\n");
}

function scaleOf(results: readonly Result[]): Scale {
  const mostHours = Math.max(...results.map(({ outcome }) => outcome.gpuHours)) * 1.08 || 1;
  const lowest = Math.log10(leastPercent);
  const decades = 2 - lowest;
  return {
    mostHours,
    x: (gpuHours) => margin.left + (gpuHours / mostHours) * (width - margin.left - margin.right),
    y: (latePercent) =>
      margin.top +
      ((2 - Math.log10(Math.max(latePercent, leastPercent))) / decades) * (height - margin.top - margin.bottom),
  };
}

function axes(scale: Scale): readonly string[] {
  const bottom = height - margin.bottom;
  const right = width - margin.right;
  const percents = [0.01, 0.1, 1, 10, 100].map((percent) => {
    const y = scale.y(percent).toFixed(1);
    const grid = `<line x1="${margin.left}" y1="${y}" x2="${right}" y2="${y}" stroke="#ddd"/>`;
    return `${grid}<text x="${margin.left - 8}" y="${y}" text-anchor="end" dominant-baseline="middle" fill="${inkOf.axis}">${percent} %</text>`;
  });
  const hours = Array.from({ length: 6 }, (_, index) => (index * scale.mostHours) / 5).map((value) => {
    const x = scale.x(value).toFixed(1);
    return `<text x="${x}" y="${bottom + 18}" text-anchor="middle" fill="${inkOf.axis}">${value.toFixed(1)}</text>`;
  });
  return [
    ...percents,
    ...hours,
    `<line x1="${margin.left}" y1="${bottom}" x2="${right}" y2="${bottom}" stroke="${inkOf.axis}"/>`,
    `<text x="${(margin.left + right) / 2}" y="${height - 14}" text-anchor="middle" fill="${inkOf.axis}">replica hours</text>`,
    `<text x="16" y="${margin.top - 8}" fill="${inkOf.axis}">late requests</text>`,
  ];
}

interface Mark {
  readonly ink: string;
  readonly radius: number;
  readonly label: string;
}

function mark(scale: Scale, result: Result, { ink, radius, label }: Mark): string {
  const [x = "", y = ""] = pointText(scale, result).split(",");
  const { latePercent, gpuHours } = result.outcome;
  const hint = `<title>${escaped(result.name)}: ${latePercent.toFixed(3)} % late, ${gpuHours.toFixed(1)} h</title>`;
  const dot = `<circle cx="${x}" cy="${y}" r="${radius}" fill="${ink}">${hint}</circle>`;
  return label === ""
    ? dot
    : `${dot}<text x="${Number(x) + 8}" y="${Number(y) - 6}" fill="${ink}">${escaped(label)}</text>`;
}

function pointText(scale: Scale, { outcome }: Result): string {
  return `${scale.x(outcome.gpuHours).toFixed(1)},${scale.y(outcome.latePercent).toFixed(1)}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
