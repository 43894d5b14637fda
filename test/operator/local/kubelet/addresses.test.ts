import { createServer } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { createAddressPool } from "../../../../operator/local/kubelet/addresses.ts";

test("pods get consecutive addresses, and a released one is not reused soon", async () => {
  const pool = createAddressPool(7);
  expect([await pool.take([]), await pool.take([])]).toEqual(["127.77.7.1", "127.77.7.2"]);
  pool.release("127.77.7.1");
  expect(await pool.take([])).toBe("127.77.7.3");
});

test("the start wraps into the range", async () => {
  expect(await createAddressPool(256 + 9).take([])).toBe("127.77.9.1");
  expect(await createAddressPool(-3).take([])).toBe("127.77.3.1");
});

test("no address ends in 0 or 255", async () => {
  const pool = createAddressPool(255);
  const taken = [];
  for (let count = 0; count < 300; count++) taken.push(await pool.take([]));
  expect(taken.filter((address) => /\.(0|255)$/.test(address))).toEqual([]);
  expect(taken.slice(253, 255)).toEqual(["127.77.255.254", "127.77.0.1"]);
  expect(new Set(taken).size).toBe(300);
});

test("an address with a requested port in use is skipped", async () => {
  const other = createServer().listen({ host: "127.77.21.1", port: 0 });
  await once(other, "listening");
  const address = other.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  try {
    expect(await createAddressPool(21).take([address.port])).toBe("127.77.21.2");
  } finally {
    other.close();
  }
});
