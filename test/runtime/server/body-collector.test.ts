import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { systemClock } from "../../../runtime/base/clock.ts";
import { bodyCollector } from "../../../runtime/server/body-collector.ts";
import { defaultBodyLimits } from "../../../runtime/server/request-body.ts";

const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { minLength: 1, maxLength: 20 });
const unexpected = (): never => {
  throw new Error("nothing is to be refused");
};

test("a body has all received bytes, and ends at a multiple of eight bytes when its size is announced", () => {
  fc.assert(
    fc.property(pieces, fc.boolean(), (list, isAnnounced) => {
      const whole = Buffer.concat(list);
      const announced = isAnnounced ? { announcedBytes: whole.length } : {};
      const parts = bodyCollector(defaultBodyLimits, systemClock, { refuse: unexpected, ...announced });
      for (const piece of list) parts.take(Buffer.from(piece));
      const body = parts.end();
      expect(body.equals(whole)).toBe(true);
      if (isAnnounced) expect((body.byteOffset + body.length) % 8).toBe(0);
    }),
  );
});
