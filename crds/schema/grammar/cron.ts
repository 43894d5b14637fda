const minute = "[0-5]?[0-9]";
const hour = "([01]?[0-9]|2[0-3])";
const day = "(0?[1-9]|[12][0-9]|3[01])";
const month = "(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)";
const weekday = "([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)";

/** A comma-separated list of `*`, values and ranges, each with an optional step. */
function field(value: string): string {
  const entry = `([*]|${value}(-${value})?)(/[1-9][0-9]?)?`;
  return `${entry}(,${entry})*`;
}

/**
 * Cron expressions of five fields: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday). Months and days
 * of the week may be three-letter English names in capitals.
 */
export const cronPattern = `^${[minute, hour, day, month, weekday].map(field).join(" ")}$`;
