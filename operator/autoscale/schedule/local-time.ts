/** Date and time of day in a time zone. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

const minuteSeconds = 60;
export const daySeconds = 86_400;

/** Formatters by time zone: creating one takes a hundred times as long as using it. */
const formats = new Map<string, Intl.DateTimeFormat | undefined>();

/** Offset of a time zone from UTC at a moment, in seconds, positive to the east; undefined for an unknown zone. */
export function zoneOffsetSeconds(timezone: string, epochSeconds: number): number | undefined {
  if (timezone === "UTC") return 0;
  const format = formatOf(timezone);
  if (format === undefined) return undefined;
  const minute = Math.floor(epochSeconds / minuteSeconds) * minuteSeconds;
  const parts = new Map(format.formatToParts(minute * 1000).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  const days = daysFromCivil(part("year"), part("month"), part("day"));
  return days * daySeconds + (part("hour") % 24) * 3600 + part("minute") * minuteSeconds - minute;
}

/** Date and time of day, given seconds since 1970 in local time. */
export function localTime(localSeconds: number): LocalTime {
  const days = Math.floor(localSeconds / daySeconds);
  const second = localSeconds - days * daySeconds;
  return {
    ...civilFromDays(days),
    weekday: (((days + 4) % 7) + 7) % 7,
    hour: Math.floor(second / 3600),
    minute: Math.floor((second % 3600) / minuteSeconds),
  };
}

function formatOf(timezone: string): Intl.DateTimeFormat | undefined {
  if (!formats.has(timezone)) formats.set(timezone, madeFormat(timezone));
  return formats.get(timezone);
}

function madeFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
  } catch {
    // RangeError: this Node's copy of the IANA data does not have the zone.
    return undefined;
  }
}

/** Days since 1970 of a date (H. Hinnant, chrono-compatible low-level date algorithms). */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civilFromDays(days: number): Pick<LocalTime, "year" | "month" | "day"> {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9);
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}
