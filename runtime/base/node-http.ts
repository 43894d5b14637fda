/**
 * The parts of `node:http` that we use, loaded without an ESM import: importing a built-in module reads all its
 * exports, among them WebSocket, for which Node loads a second HTTP client (13 MB and 30 ms in Node 24). Types come
 * from `node:http`.
 */
export const { Agent, createServer, request, STATUS_CODES } = process.getBuiltinModule("node:http");
