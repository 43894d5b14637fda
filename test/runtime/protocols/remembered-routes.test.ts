import { expect, test } from "vitest";
import { rememberedRoutes } from "../../../runtime/protocols/remembered-routes.ts";

test("the target of a POST is read once, unless it is long; others are read anew", () => {
  const read: string[] = [];
  const routeOf = rememberedRoutes((method, target) => {
    read.push(`${method} ${target.slice(0, 3)}`);
    return { method, target };
  });
  const long = `/long/${"a".repeat(600)}`;
  for (let i = 0; i < 2; i++) {
    for (const target of ["/a", long]) expect(routeOf("POST", target)).toEqual({ method: "POST", target });
    expect(routeOf("GET", "/a")).toEqual({ method: "GET", target: "/a" });
  }
  expect(read).toEqual(["POST /a", "POST /lo", "GET /a", "POST /lo", "GET /a"]);
});

test("it keeps no more than some hundred targets", () => {
  let reads = 0;
  const routeOf = rememberedRoutes((_, target) => ({ target, read: reads++ }));
  for (let i = 0; i < 1000; i++) expect(routeOf("POST", `/${i}`).target).toBe(`/${i}`);
  expect(reads).toBe(1000);
  routeOf("POST", "/0");
  expect(reads).toBe(1001);
});

test("what throws is not kept", () => {
  let reads = 0;
  const routeOf = rememberedRoutes(() => {
    reads++;
    throw new Error("no route");
  });
  for (let i = 0; i < 2; i++) expect(() => routeOf("POST", "/a")).toThrow("no route");
  expect(reads).toBe(2);
});
