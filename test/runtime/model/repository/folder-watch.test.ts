import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../../../runtime/base/clock.ts";
import { watchFolders } from "../../../../runtime/model/repository/folder-watch.ts";

test("a burst of changes in a watched folder makes one call, and none after close", async () => {
  const folder = await mkdtemp(join(tmpdir(), "modelwright-watch-"));
  let changeCount = 0;
  const heard = Promise.withResolvers<void>();
  const watch = watchFolders(systemClock, () => {
    changeCount++;
    heard.resolve();
  });
  watch.setFolders([folder, join(folder, "missing")]);
  await Promise.all(["a", "b", "c"].map((name) => writeFile(join(folder, name), "")));
  await heard.promise;
  expect(changeCount).toBe(1);
  watch.setFolders([]);
  await writeFile(join(folder, "d"), "");
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(changeCount).toBe(1);
  watch.close();
  await rm(folder, { recursive: true });
});
