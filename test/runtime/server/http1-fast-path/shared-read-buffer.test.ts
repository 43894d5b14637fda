import { once } from "node:events";
import { type Server, type Socket, connect, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useSharedReadBuffer } from "../../../../runtime/server/http1-fast-path/shared-read-buffer.ts";

const clients: Socket[] = [];
let server: Server;
let port = 0;
beforeAll(async () => {
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
afterAll(() => {
  for (const client of clients) client.destroy();
  server.close();
});

/** Both ends of a connection. */
async function pair(): Promise<readonly [Socket, Socket]> {
  const accepted = once(server, "connection");
  const client = connect(port, "127.0.0.1");
  clients.push(client);
  const [socket] = (await accepted) as [Socket]; // as the event has it
  return [client, socket];
}

describe("reads of accepted sockets", () => {
  test("use one shared buffer, and are not emitted as events", async () => {
    const places: ArrayBufferLike[] = [];
    const texts: string[] = [];
    for (const text of ["one", "two"]) {
      const [client, socket] = await pair();
      socket.on("data", () => texts.push("event"));
      const taken = new Promise<void>((resolve) =>
        useSharedReadBuffer(socket, (bytes) => {
          places.push(bytes.buffer);
          texts.push(bytes.toString());
          resolve();
          return true;
        }),
      );
      client.write(text);
      await taken;
    }
    expect([texts, places[0] === places[1]]).toEqual([["one", "two"], true]);
  });

  test("stop when they are told to, and go on", async () => {
    const [client, socket] = await pair();
    const texts: string[] = [];
    useSharedReadBuffer(socket, (bytes) => texts.push(bytes.toString()) > 1);
    socket.on("data", (bytes: Buffer) => texts.push(`put back: ${bytes.toString()}`));
    client.write("one");
    while (texts.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
    client.write("two");
    await new Promise((resolve) => setTimeout(resolve, 20));
    const stopped = [...texts];
    socket.pause();
    socket.unshift("zero");
    socket.resume();
    while (texts.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    expect([stopped, texts.toSorted()]).toEqual([["one"], ["one", "put back: zero", "two"]]);
  });

  test("end as others do", async () => {
    const [client, socket] = await pair();
    useSharedReadBuffer(socket, () => true);
    socket.resume();
    client.end();
    await once(socket, "end");
    expect(socket.bytesRead).toBe(0);
  });
});
