/**
 * A pod in a process of its own, so that it can be killed: `node serving-pod.ts NAME PORT [ANSWER_MS]` answers predictions with
 * its name after a while.
 */
import { createServer } from "node:http";

const [name = "", port = "", answerMs = "0"] = process.argv.slice(2);
createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    setTimeout(() => response.end(JSON.stringify({ pod: name })), Number(answerMs));
  });
}).listen(Number(port), "127.0.0.1", () => process.send?.("listening"));
