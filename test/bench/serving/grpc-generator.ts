/**
 * Repeats one inference and checks every answer; prints the number of answers.
 *
 *     node grpc-generator.ts PORT CONNECTIONS SECONDS REQUEST_BASE64 ANSWER_PART_BASE64
 */
import { Client, credentials } from "@grpc/grpc-js";

const [port = "", connections = "", seconds = "", requestText = "", partText = ""] = process.argv.slice(2);
const request = Buffer.from(requestText, "base64");
const part = Buffer.from(partText, "base64");
const same = (bytes: Buffer): Buffer => bytes;
let answers = 0;
let end = Number.POSITIVE_INFINITY;

function call(client: Client): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest("/inference.GRPCInferenceService/ModelInfer", same, same, request, (error, bytes) => {
      if (bytes?.includes(part) === true) resolve(bytes);
      else reject(error ?? new Error("a wrong answer"));
    });
  });
}

async function again(client: Client): Promise<void> {
  while (performance.now() < end) {
    await call(client);
    answers += 1;
  }
}

const clients = Array.from(
  { length: Number(connections) },
  () => new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 }),
);
const [first] = await Promise.all(clients.map(call));
end = performance.now() + Number(seconds) * 1000;
await Promise.all(clients.map(again));
process.stdout.write(`${JSON.stringify({ answers: answers + clients.length, answer: first?.toString("base64") })}\n`);
process.exit();
