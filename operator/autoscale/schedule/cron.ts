import { cronPattern } from "../../../crds/schema/grammar/cron.ts";

/** A parsed cron expression: the values of each field, and whether each day field was `*`. */
export interface Cron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>;
  readonly anyDay: boolean;
  readonly anyWeekday: boolean;
}

interface Field {
  readonly first: number;
  readonly last: number;
  readonly names: readonly string[];
}

const monthNames = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const weekdayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const fields = {
  minutes: { first: 0, last: 59, names: [] },
  hours: { first: 0, last: 23, names: [] },
  days: { first: 1, last: 31, names: [] },
  months: { first: 1, last: 12, names: ["", ...monthNames] },
  weekdays: { first: 0, last: 6, names: weekdayNames },
} as const satisfies Readonly<Record<string, Field>>;

/** Parses a cron expression in the grammar of the API; undefined for any other text. */
export function parsedCron(text: string): Cron | undefined {
  if (!new RegExp(cronPattern).test(text)) return undefined;
  const [minutes = "", hours = "", days = "", months = "", weekdays = ""] = text.split(" ");
  return {
    minutes: values(minutes, fields.minutes),
    hours: values(hours, fields.hours),
    days: values(days, fields.days),
    months: values(months, fields.months),
    weekdays: values(weekdays, fields.weekdays),
    anyDay: days.startsWith("*"),
    anyWeekday: weekdays.startsWith("*"),
  };
}

/**
 * Whether the expression matches a day. As in every cron since V7: when both the day of the month and the day of the week are
 * restricted, either is enough.
 */
export function isCronDay(
  cron: Cron,
  date: { readonly month: number; readonly day: number; readonly weekday: number },
): boolean {
  const isDay = cron.days.has(date.day);
  const isWeekday = cron.weekdays.has(date.weekday);
  const fits = cron.anyDay || cron.anyWeekday ? isDay && isWeekday : isDay || isWeekday;
  return cron.months.has(date.month) && fits;
}

/** Days per month in a leap year. */
const daysOfMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether any year has a day that the expression matches: 30 February never comes. */
export function hasDay(cron: Cron): boolean {
  if (!cron.anyDay && !cron.anyWeekday) return true;
  return [...cron.months].some((month) => Math.min(...cron.days) <= (daysOfMonths[month - 1] ?? 0));
}

function values(text: string, field: Field): ReadonlySet<number> {
  return new Set(text.split(",").flatMap((entry) => entryValues(entry, field)));
}

/** `*`, a value or a range, with an optional step; a range whose end is before its start wraps around, such as FRI-MON. */
function entryValues(entry: string, field: Field): readonly number[] {
  const size = field.last - field.first + 1;
  const [range = "", step] = entry.split("/");
  const [from = "", to] = range.split("-");
  const first = from === "*" ? field.first : numberOf(from, field);
  // As in Vixie cron, a value with a step starts a range: 5/15 is 5-59/15.
  const last = to !== undefined ? numberOf(to, field) : from === "*" || step !== undefined ? field.last : first;
  const span = (((last - first) % size) + size) % size;
  const found: number[] = [];
  for (let offset = 0; offset <= span; offset += Number(step ?? 1)) {
    found.push(field.first + ((first - field.first + offset) % size));
  }
  return found;
}

function numberOf(text: string, field: Field): number {
  const named = field.names.indexOf(text);
  const value = named === -1 ? Number(text) : named;
  return field.last === 6 && value === 7 ? 0 : value;
}
