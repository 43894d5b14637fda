import { Type, type Static } from "typebox";

import { duration } from "../../schema/duration.ts";
import { cronPattern } from "../../schema/grammar/cron.ts";
import { text } from "../../schema/text.ts";
import { shortName } from "../names.ts";

/** One window of `spec.autoscaling.schedules`. */
export const schedule = Type.Object(
  {
    name: text({ description: "Name of the window, shown in status.", ...shortName }),
    start: text({
      description:
        "When the window opens, as a cron expression: minute, hour, day of month, month, day of week. Pods are started early enough to be ready by then.",
      pattern: cronPattern,
      complaint: "must be a cron expression of five fields, such as '30 7 * * MON-FRI'",
      maxLength: 100,
    }),
    duration: duration({ description: "How long the window stays open.", atLeast: "1m", atMost: "168h" }),
    timezone: Type.Optional(
      text({
        description: "IANA time zone of start, such as Europe/Berlin.",
        assumed: "UTC",
        pattern: "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$",
        complaint: "must be an IANA time zone, such as Europe/Berlin",
        maxLength: 64,
      }),
    ),
    min: Type.Integer({
      description: "Minimum number of pods while the window is open.",
      format: "int32",
      minimum: 1,
      maximum: 10_000,
    }),
  },
  { description: "A recurring time window with more pods than min." },
);

/** One window of `spec.autoscaling.schedules`. */
export type Schedule = Static<typeof schedule>;
