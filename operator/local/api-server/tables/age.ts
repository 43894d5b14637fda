const minuteS = 60;
const hourS = 60 * minuteS;
const dayS = 24 * hourS;
const yearS = 365 * dayS;

const pair = (first: number, unit: string, rest: number, restUnit: string): string =>
  rest === 0 ? `${first}${unit}` : `${first}${unit}${rest}${restUnit}`;

/** A duration as kubectl prints ages: `HumanDuration` of k8s.io/apimachinery/pkg/util/duration. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * minuteS) return `${seconds}s`;
  const minutes = Math.trunc(seconds / minuteS);
  if (minutes < 10) return pair(minutes, "m", seconds % minuteS, "s");
  if (minutes < 3 * 60) return `${minutes}m`;
  const hours = Math.trunc(seconds / hourS);
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(seconds / dayS);
  if (days < 8) return pair(days, "d", hours % 24, "h");
  if (seconds < 2 * yearS) return `${days}d`;
  const years = Math.trunc(seconds / yearS);
  return seconds < 8 * yearS ? pair(years, "y", days % 365, "d") : `${years}y`;
}

/** The age of an RFC 3339 time; `<unknown>` when it is not a time. */
export function age(time: unknown, nowMs: number): string {
  const ms = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(ms) ? "<unknown>" : humanDuration(nowMs - ms);
}
