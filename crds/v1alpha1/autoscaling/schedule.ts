import { Type, type Static } from "typebox";

import { duration } from "../../schema/duration.ts";
import { cronPattern } from "../../schema/grammar/cron.ts";
import { text } from "../../schema/text.ts";
import { shortName } from "../names.ts";

/** One window of `spec.autoscaling.schedules`. */
export const schedule = Type.Object(
  {
    name: text({ description: "What the window is called in status.", ...shortName }),
    start: text({
      description:
        "When the window opens, as cron: minute, hour, day of the month, month, day of the week. Pods are started so much earlier that they are ready by then.",
      pattern: cronPattern,
      complaint: "must be five fields of cron, as '30 7 * * MON-FRI'",
      maxLength: 100,
    }),
    duration: duration({ description: "How long the window stays open.", atLeast: "1m", atMost: "168h" }),
    timezone: Type.Optional(
      text({
        description: "IANA name of the time zone that start is in, as Europe/Berlin.",
        assumed: "UTC",
        pattern: "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$",
        complaint: "must be the IANA name of a time zone, as Europe/Berlin",
        maxLength: 64,
      }),
    ),
    min: Type.Integer({
      description: "Fewest pods while the window is open.",
      format: "int32",
      minimum: 1,
      maximum: 10_000,
    }),
  },
  { description: "A recurring window of time with more pods than min." },
);

/** One window of `spec.autoscaling.schedules`. */
export type Schedule = Static<typeof schedule>;
