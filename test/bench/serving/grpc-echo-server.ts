/**
 * A grpc-js server that answers each inference with fixed bytes: the lower bound of a server on it.
 *
 *     node grpc-echo-server.ts PORT ANSWER_BASE64
 */
import { Server, ServerCredentials } from "@grpc/grpc-js";

const [port = "", answer = ""] = process.argv.slice(2);
const bytes = Buffer.from(answer, "base64");
const server = new Server();
const same = (value: Buffer): Buffer => value;
const method = {
  path: "/inference.GRPCInferenceService/ModelInfer",
  requestStream: false,
  responseStream: false,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
} as const;
server.addService(
  { ModelInfer: method },
  {
    ModelInfer: (_: unknown, answered: (error: null, value: Buffer) => void) => answered(null, bytes),
  },
);
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), () => {});
