import fc from "fast-check";
import { expect, test } from "vitest";
import { smallSet } from "../../../runtime/http2/small-set.ts";

test("a small set has the members of a Set in the same order, whatever is added and deleted", () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 8 })), { maxLength: 100 });
  fc.assert(
    fc.property(steps, (steps) => {
      const members = smallSet<number>();
      const model = new Set<number>();
      for (const [comes, member] of steps) {
        if (comes) {
          members.add(member);
          model.add(member);
        } else expect(members.delete(member)).toBe(model.delete(member));
        expect(members.size).toBe(model.size);
      }
      expect(members.all()).toEqual([...model]);
    }),
  );
});

test("an iteration over a small set includes members that are deleted meanwhile", () => {
  const members = smallSet<string>();
  members.add("first");
  members.add("second");
  const met: string[] = [];
  for (const member of members.all()) {
    met.push(member);
    members.delete("second");
  }
  expect(met).toEqual(["first", "second"]);
});
