/**
 * `node:http` without the price of importing it: an import reads every export of a built-in module, among them WebSocket,
 * for which Node loads a second HTTP client (13 MB and 30 ms in Node 24). Types come from `node:http`.
 */
export const { Agent, createServer, request, STATUS_CODES } = process.getBuiltinModule("node:http");
