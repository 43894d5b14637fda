import { expect, test } from "vitest";
import { createChannel } from "../../../../../operator/local/api-server/requests/channel.ts";

test("no pushed line is lost, whatever state the reader is in", async () => {
  for (let pauses = 0; pauses < 40; pauses += 1) {
    const channel = createChannel(() => {});
    const read = (async () => {
      let text = "";
      for await (const chunk of channel.chunks) text += new TextDecoder().decode(chunk);
      return text;
    })();
    await new Promise((resolve) => setImmediate(resolve));
    channel.push("1");
    for (let pause = 0; pause < pauses; pause += 1) await Promise.resolve();
    channel.push("2");
    await new Promise((resolve) => setImmediate(resolve));
    channel.end();
    expect({ pauses, text: await read }).toEqual({ pauses, text: "12" });
  }
});
