const dayMs = 86_400_000;
const pattern = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.](\d{1,9}))?Z$/;

/**
 * Milliseconds since the epoch of an RFC 3339 timestamp in UTC; NaN for any other text. Pure code may not use `Date`: days are
 * counted by Howard Hinnant's algorithm (`days_from_civil`, public domain).
 */
export function timestampMs(text: string): number {
  const found = pattern.exec(text);
  if (found === null) return Number.NaN;
  const [, years, months, days, hours, minutes, seconds, fraction = "0"] = found;
  const [month, day] = [Number(months), Number(days)];
  // Years begin in March, so that the leap day is the last of its year.
  const year = Number(years) - (month <= 2 ? 1 : 0);
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  const sinceMidnight = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return (era * 146_097 + dayOfEra - 719_468) * dayMs + sinceMidnight + Math.trunc(Number(`0.${fraction}`) * 1_000);
}

/** RFC 3339 timestamp in UTC, with milliseconds, of a time in milliseconds since the epoch (Hinnant's `civil_from_days`). */
export function timestampText(ms: number): string {
  const days = Math.floor(ms / dayMs) + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const leapDays = Math.floor(dayOfEra / 1_460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const rest = ms - Math.floor(ms / dayMs) * dayMs;
  const date = `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`;
  const [hour, minute, second] = [
    Math.floor(rest / 3_600_000),
    Math.floor(rest / 60_000) % 60,
    Math.floor(rest / 1_000) % 60,
  ];
  return `${date}T${padded(hour, 2)}:${padded(minute, 2)}:${padded(second, 2)}.${padded(Math.floor(rest % 1_000), 3)}Z`;
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
