import { Agent as FullAgent, createServer as fullCreateServer, request as fullRequest } from "node:http";
import { expect, test } from "vitest";
import { Agent, createServer, request } from "../../../runtime/base/node-http.ts";

test("the lean import is Node's own HTTP, not another one", () => {
  expect({ Agent, createServer, request }).toEqual({
    Agent: FullAgent,
    createServer: fullCreateServer,
    request: fullRequest,
  });
});
