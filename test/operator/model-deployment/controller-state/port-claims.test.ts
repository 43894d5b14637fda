import { expect, test } from "vitest";
import { createPortClaims } from "../../../../operator/model-deployment/controller-state/port-claims.ts";

const first = { uid: "uid-1", createdAt: "2026-01-01T00:00:00Z" };
const second = { uid: "uid-2", createdAt: "2026-01-02T00:00:00Z" };

test("a port belongs to its claimant until the claim is released", () => {
  const claims = createPortClaims();
  claims.claim(first, 20_000);
  claims.claim(second, 20_001);
  const during = [claims.claimant(20_000), claims.claimant(20_001), claims.claimant(20_002)];
  claims.release(first.uid);
  expect([during, claims.claimant(20_000), claims.claimant(20_001)]).toEqual([
    [first, second, undefined],
    undefined,
    second,
  ]);
});

test("a claim of another port, or of none, releases the previous one", () => {
  const claims = createPortClaims();
  claims.claim(first, 20_000);
  claims.claim(first, 20_001);
  claims.claim(second, 20_000);
  const moved = [claims.claimant(20_000), claims.claimant(20_001)];
  claims.claim(first, undefined);
  expect([moved, claims.claimant(20_001)]).toEqual([[second, first], undefined]);
});

test("a claimed port stays with the first claimant", () => {
  const claims = createPortClaims();
  claims.claim(first, 20_000);
  claims.claim(second, 20_000);
  claims.release(second.uid);
  expect(claims.claimant(20_000)).toEqual(first);
});
