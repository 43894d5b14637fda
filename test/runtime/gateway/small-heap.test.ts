import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const module = new URL("../../../runtime/gateway/small-heap.ts", import.meta.url).href;

/** Size of a process's young generation in MB after it parsed something large. */
async function youngMb(first: string): Promise<number> {
  const script = `
    import { getHeapSpaceStatistics } from "node:v8";
    ${first}
    const kept = Array.from({ length: 20 }, () => JSON.parse(JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ i, name: "n" + i })))));
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    process.stdout.write(String(kept.length > 0 && young.space_size / 1e6));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  return Number(stdout);
}

test("reading and keeping large data does not grow the young generation", async () => {
  const [small, usual] = await Promise.all([
    youngMb(`import { keepHeapSmall } from ${JSON.stringify(module)}; keepHeapSmall();`),
    youngMb(""),
  ]);
  expect(small).toBeLessThanOrEqual(4);
  expect(usual).toBeGreaterThan(2 * small);
});
