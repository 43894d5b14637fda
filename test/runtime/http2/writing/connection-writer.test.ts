import { Buffer } from "node:buffer";
import { Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { ConnectionWriter, type SendingStream } from "../../../../runtime/http2/writing/connection-writer.ts";
import { defaultWindowBytes } from "../../../../runtime/http2/wire.ts";

const socket = new Socket();
afterEach(() => void socket.destroy());

test("a window that grows byte by byte wakes one stream with each byte, in turn", () => {
  const writer = new ConnectionWriter(socket);
  const woken: number[] = [];
  const speaker = (id: number): SendingStream => {
    const one: SendingStream = {
      id,
      sendWindow: defaultWindowBytes,
      progress: 0,
      unblock: () => {
        woken.push(id);
        if (writer.data(one, Buffer.alloc(9), false) < 9) writer.addBlocked(one);
      },
    };
    return one;
  };
  writer.data(speaker(1), Buffer.alloc(defaultWindowBytes), false);
  for (const id of [3, 5, 7]) writer.addBlocked(speaker(id));
  for (let update = 0; update < 4; update += 1) writer.increaseWindow(1);
  expect(woken).toEqual([3, 5, 7, 3]);
});
