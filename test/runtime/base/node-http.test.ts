import {
  Agent as FullAgent,
  STATUS_CODES as fullStatusCodes,
  createServer as fullCreateServer,
  request as fullRequest,
} from "node:http";
import { expect, test } from "vitest";
import { Agent, STATUS_CODES, createServer, request } from "../../../runtime/base/node-http.ts";

test("the lean import is Node's own HTTP, not another one", () => {
  expect({ Agent, STATUS_CODES, createServer, request }).toEqual({
    Agent: FullAgent,
    STATUS_CODES: fullStatusCodes,
    createServer: fullCreateServer,
    request: fullRequest,
  });
});
