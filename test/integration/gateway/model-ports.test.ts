import { createServer } from "node:net";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import type { Route } from "../../../runtime/contract/route-table.ts";
import { asked, freePort, pod, route, startedGateway, tableSource } from "./parts.ts";

const closing: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function scene() {
  const source = await tableSource();
  const { gateway } = await startedGateway(source);
  const upstream = await pod("p0");
  closing.push(source.close, upstream.close, () => gateway.drain());
  const named = (key: string, port: number): Route => ({
    ...route(port, [{ hash: key, version: "1", weight: 100, endpoints: [upstream.endpoint], draining: [] }]),
    key: `default/${key}`,
    model: key,
  });
  let version = 0;
  const push = async (...routes: readonly Route[]): Promise<void> => {
    version += 1;
    const pushed = version;
    source.push({ type: "full", version: pushed, routes });
    await source.heard((message) => message.type === "ack" && message.version === pushed);
  };
  /** Hash of the revision that answers at a port, which is its ModelDeployment's name here. */
  const answering = (port: number): Promise<unknown> =>
    asked(port, { path: "/x" }).then(
      ({ headers }) => headers["modelwright-revision"],
      (error: NodeJS.ErrnoException) => error.code,
    );
  return { push, named, answering };
}

test("ports of models come, change hands and go with the table", async () => {
  const { push, named, answering } = await scene();
  const [first, second, third] = [await freePort(), await freePort(), await freePort()];
  await push(named("one", first), named("two", second));
  await expect.poll(() => answering(first)).toBe("one");
  await expect.poll(() => answering(second)).toBe("two");
  await push(named("one", second), named("two", first));
  await expect.poll(() => answering(first)).toBe("two");
  await expect.poll(() => answering(second)).toBe("one");
  await push(named("two", third));
  await expect.poll(() => answering(third)).toBe("two");
  expect([await answering(first), await answering(second)]).toEqual(["ECONNREFUSED", "ECONNREFUSED"]);
});

test("a port that another program has is opened with the first change after that has gone", async () => {
  const { push, named, answering } = await scene();
  const port = await freePort();
  const squatter = createServer((socket) => socket.destroy());
  squatter.listen(port, "127.0.0.1");
  await once(squatter, "listening");
  await push(named("one", port));
  expect(await answering(port)).not.toBe("one");
  squatter.close();
  await once(squatter, "close");
  await push(named("one", port), named("two", await freePort()));
  await expect.poll(() => answering(port)).toBe("one");
});
