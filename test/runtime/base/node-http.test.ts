import {
  Agent as FullAgent,
  STATUS_CODES as fullStatusCodes,
  createServer as fullCreateServer,
  request as fullRequest,
} from "node:http";
import { expect, test } from "vitest";
import { Agent, STATUS_CODES, createServer, request } from "../../../runtime/base/node-http.ts";

test("base/node-http exports Node's own HTTP", () => {
  expect({ Agent, STATUS_CODES, createServer, request }).toEqual({
    Agent: FullAgent,
    STATUS_CODES: fullStatusCodes,
    createServer: fullCreateServer,
    request: fullRequest,
  });
});
