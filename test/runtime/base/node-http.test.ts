import { createServer as fullCreateServer, request as fullRequest } from "node:http";
import { expect, test } from "vitest";
import { createServer, request } from "../../../runtime/base/node-http.ts";

test("the lean import is Node's own HTTP, not another one", () => {
  expect({ createServer, request }).toEqual({ createServer: fullCreateServer, request: fullRequest });
});
