import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Schedule } from "../../../../crds/v1alpha1/autoscaling/schedule.ts";
import { scheduled, neverOpening, unknownTimezones } from "../../../../operator/autoscale/schedule/scheduled.ts";

const window: Schedule = { name: "day", start: "0 8 * * *", duration: "2h", timezone: "UTC", min: 3 };

const at = (text: string): number => Date.parse(text) / 1000;

describe("scheduled", () => {
  const cases: Readonly<Record<string, [Partial<Schedule>, string, boolean]>> = {
    "opens at its start": [{}, "2024-11-04T08:00:00Z", true],
    "is closed a second before": [{}, "2024-11-04T07:59:59Z", false],
    "stays open for its duration": [{}, "2024-11-04T09:59:59Z", true],
    "closes then": [{}, "2024-11-04T10:00:00Z", false],
    "goes on past midnight": [{ start: "0 23 * * *" }, "2024-11-05T00:30:00Z", true],
    "lasts for days": [{ start: "0 8 * * FRI", duration: "72h" }, "2024-11-04T07:00:00Z", true],
    "knows the day of the week": [{ start: "0 8 * * TUE-FRI" }, "2024-11-04T08:30:00Z", false],
    "takes 7 for Sunday": [{ start: "0 8 * * 7" }, "2024-11-03T08:30:00Z", true],
    "takes a range over the weekend": [{ start: "0 8 * * FRI-MON" }, "2024-11-04T08:30:00Z", true],
    "leaves out what lies outside such a range": [{ start: "0 8 * * FRI-MON" }, "2024-11-06T08:30:00Z", false],
    "knows the month": [{ start: "0 8 * DEC *" }, "2024-11-04T08:30:00Z", false],
    "takes either of two restricted days": [{ start: "0 8 1 * MON" }, "2024-11-04T08:30:00Z", true],
    "needs both where one is open": [{ start: "0 8 1 * *" }, "2024-11-04T08:30:00Z", false],
    "takes steps": [{ start: "*/20 * * * *", duration: "5m" }, "2024-11-04T08:43:00Z", true],
    "takes no minute between steps": [{ start: "*/20 * * * *", duration: "2m" }, "2024-11-04T08:43:00Z", false],
    "takes steps from a value on": [{ start: "5/20 * * * *", duration: "1m" }, "2024-11-04T08:45:10Z", true],
    "goes by the wall clock of its zone in winter": [{ timezone: "Europe/Berlin" }, "2024-11-04T07:00:00Z", true],
    "and in summer": [{ timezone: "Europe/Berlin" }, "2024-07-04T06:00:00Z", true],
    "is not early in summer": [{ timezone: "Europe/Berlin" }, "2024-07-04T05:59:00Z", false],
    "knows zones of half an hour": [{ timezone: "Asia/Kolkata" }, "2024-11-04T02:30:00Z", true],
    "knows the day in its zone": [{ start: "0 8 * * MON", timezone: "Asia/Tokyo" }, "2024-11-03T23:00:00Z", true],
    "knows the 29th of February": [{ start: "0 8 29 2 *" }, "2024-02-29T09:00:00Z", true],
    "never opens in an unknown zone": [{ timezone: "Mars/Olympus" }, "2024-11-04T08:30:00Z", false],
  };
  for (const [sentence, [changed, when, isOpen]] of Object.entries(cases)) {
    test(sentence, () => {
      const want = isOpen ? { name: "day", min: 3 } : undefined;
      expect(scheduled([{ ...window, ...changed }], at(when), 0)).toEqual(want);
    });
  }

  test("opens a cold start early", () => {
    expect(scheduled([window], at("2024-11-04T07:58:00Z"), 120)).toEqual({ name: "day", min: 3 });
    expect(scheduled([window], at("2024-11-04T07:57:59Z"), 120)).toBeUndefined();
  });

  test("takes the greatest minimum of the open windows", () => {
    const windows = [
      window,
      { ...window, name: "peak", min: 5 },
      { ...window, name: "later", start: "0 12 * * *", min: 9 },
    ];
    expect(scheduled(windows, at("2024-11-04T08:30:00Z"), 0)).toEqual({ name: "peak", min: 5 });
  });

  test("is open for as long as its duration, on every day and in every zone without a change of clocks", () => {
    const zones = fc.constantFrom("UTC", "Asia/Tokyo", "Asia/Kolkata", "America/Phoenix");
    fc.assert(
      fc.property(zones, fc.nat({ max: 23 }), fc.integer({ min: 1, max: 20 }), (timezone, hour, hours) => {
        const daily = { ...window, timezone, start: `0 ${hour} * * *`, duration: `${hours}h` };
        let open = 0;
        for (let minute = 0; minute < 1440; minute += 30) {
          if (scheduled([daily], at("2024-03-05T00:00:00Z") + minute * 60, 0) !== undefined) open += 1;
        }
        expect(open).toBe(hours * 2);
      }),
      { numRuns: 40 },
    );
  });
});

test("unknown time zones are listed", () => {
  const zones = ["UTC", "Europe/Berlin", "Mars/Olympus"];
  expect(unknownTimezones(zones.map((timezone) => ({ ...window, timezone })))).toEqual(["Mars/Olympus"]);
});

test("windows that never open are listed: those whose day no year has, and no others", () => {
  const starts = ["0 8 30 2 *", "0 8 31 4,6,9,11 *", "0 8 29 2 *", "0 8 30 2 MON", "0 8 31 2,3 *", "0 8 */31 2 MON"];
  const never = neverOpening(starts.map((start) => ({ ...window, start })));
  expect(never.map(({ start }) => start)).toEqual(["0 8 30 2 *", "0 8 31 4,6,9,11 *"]);
});
