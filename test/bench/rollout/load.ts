import { Client, credentials } from "@grpc/grpc-js";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { revisionHeader } from "../../../runtime/contract/route-table.ts";
import { modelInferRequest, modelInferResponse } from "../../../runtime/protocols/open-inference/rpc/messages.ts";

/** Results of the requests in a span of time. */
export interface Tally {
  requests: number;
  failed: number;
  /** Messages of the first few failures. */
  readonly failures: string[];
  /** Numbers of answers by revision. */
  readonly byRevision: Map<string, number>;
}

/** A continuous load over HTTP and gRPC with checked answers. */
export interface Load {
  /** Results since the last call. */
  take(): Tally;
  stop(): Promise<void>;
}

/** Options of `startLoad`. */
export interface LoadOptions {
  readonly restUrl: string;
  readonly grpcAddress: string;
  readonly model: string;
  /** `<namespace>/<name>`. */
  readonly key: string;
  /** An input row, and the index of the largest output, which is the same for every revision. */
  readonly row: readonly number[];
  readonly best: number;
  readonly restClients: number;
  readonly grpcClients: number;
  /** Pause of a client after an answer; default 0. */
  readonly pauseMs?: number;
}

const shownFailures = 5;
/** Pause after a failure, so that an unavailable gateway does not cause thousands of failures. */
const failurePauseMs = 20;

/** Starts the clients. */
export function startLoad(options: LoadOptions): Load {
  let tally = emptyTally();
  const { pauseMs = 0 } = options;
  const stopping = new AbortController();
  const rest = new Pool(options.restUrl, { connections: options.restClients, pipelining: 1 });
  // Without a local pool, successive loads would share connections.
  const grpc = new Client(options.grpcAddress, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  const client = async (ask: () => Promise<string>): Promise<void> => {
    while (!stopping.signal.aborted) {
      const now = tally;
      try {
        const revision = await ask();
        now.byRevision.set(revision, (now.byRevision.get(revision) ?? 0) + 1);
      } catch (thrown) {
        now.failed += 1;
        if (now.failures.length < shownFailures) now.failures.push(String(thrown));
        await sleep(failurePauseMs);
      }
      now.requests += 1;
      if (pauseMs > 0) await sleep(pauseMs);
    }
  };
  const clients = [
    ...Array.from({ length: options.restClients }, () => client(() => predictByRest(rest, options))),
    ...Array.from({ length: options.grpcClients }, () => client(() => predictByGrpc(grpc, options))),
  ];
  return {
    take() {
      const taken = tally;
      tally = emptyTally();
      return taken;
    },
    async stop() {
      stopping.abort();
      await Promise.all(clients);
      await rest.close();
      grpc.close();
    },
  };
}

function emptyTally(): Tally {
  return { requests: 0, failed: 0, failures: [], byRevision: new Map() };
}

async function predictByRest(pool: Pool, { model, key, row, best }: LoadOptions): Promise<string> {
  const { statusCode, headers, body } = await pool.request({
    method: "POST",
    path: `/v1/models/${model}:predict`,
    headers: { "content-type": "application/json", "modelwright-model": key },
    body: JSON.stringify({ instances: [row] }),
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`REST: status ${statusCode}: ${text.slice(0, 200)}`);
  const { predictions } = JSON.parse(text) as { predictions: number[][] }; // TensorFlow Serving's answer
  if (!isCorrect(predictions[0] ?? [], best)) throw new Error(`REST: wrong answer ${text.slice(0, 200)}`);
  return String(headers[revisionHeader]);
}

function predictByGrpc(client: Client, { model, row, best }: LoadOptions): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let revision = "";
  const call = client.makeUnaryRequest(
    "/inference.GRPCInferenceService/ModelInfer",
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => modelInferResponse.decode(bytes),
    inferenceRequest(model, row),
    (error, response) => {
      if (error !== null) return reject(new Error(`gRPC: ${error.message}`));
      const [raw] = response?.rawOutputContents ?? [];
      const numbers = raw === undefined ? [] : [...new Float32Array(Uint8Array.from(raw).buffer)];
      if (isCorrect(numbers, best)) resolve(revision);
      else reject(new Error(`gRPC: wrong answer ${numbers.slice(0, 10).join(" ")}`));
      return undefined;
    },
  );
  call.on("metadata", (metadata) => (revision = String(metadata.get(revisionHeader)[0] ?? "")));
  return promise;
}

/** An Open Inference request with one row in raw form. */
function inferenceRequest(modelName: string, row: readonly number[]): Buffer {
  const input = { name: "features", datatype: "FP32", shape: [1, row.length] };
  const rawInputContents = [new Uint8Array(Float32Array.from(row).buffer)];
  return Buffer.from(modelInferRequest.encode({ modelName, inputs: [input], rawInputContents }));
}

function isCorrect(numbers: readonly number[], best: number): boolean {
  return numbers.length > 0 && numbers.indexOf(Math.max(...numbers)) === best;
}
