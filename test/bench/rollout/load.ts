import { Client, credentials } from "@grpc/grpc-js";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import { revisionHeader } from "../../../runtime/contract/route-table.ts";
import { modelInferRequest, modelInferResponse } from "../../../runtime/protocols/open-inference/rpc/messages.ts";

/** What the requests of a span of time came to. */
export interface Tally {
  requests: number;
  failed: number;
  /** The first few, in words. */
  readonly failures: string[];
  /** Answers by the revision that gave them. */
  readonly byRevision: Map<string, number>;
}

/** Requests that never stop, over HTTP and gRPC, whose answers are checked. */
export interface Load {
  /** What came since the last call. */
  take(): Tally;
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly restUrl: string;
  readonly grpcAddress: string;
  readonly model: string;
  /** `<namespace>/<name>`. */
  readonly key: string;
  /** One row and the index of the largest of the numbers that every revision answers. */
  readonly row: readonly number[];
  readonly best: number;
  readonly restClients: number;
  readonly grpcClients: number;
  /** How long a client waits after an answer; default 0. */
  readonly pauseMs?: number;
}

const shownFailures = 5;
/** A client that fails waits for so long, as clients do: a gateway that is away is no reason for a thousand failures. */
const restAfterFailureMs = 20;

/** Begins at once. */
export function startLoad(options: LoadOptions): Load {
  let tally = emptyTally();
  const { pauseMs = 0 } = options;
  const stopping = new AbortController();
  const rest = new Pool(options.restUrl, { connections: options.restClients, pipelining: 1 });
  // Loads that follow each other begin with connections of their own.
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
        await sleep(restAfterFailureMs);
      }
      now.requests += 1;
      if (pauseMs > 0) await sleep(pauseMs);
    }
  };
  const clients = [
    ...Array.from({ length: options.restClients }, () => client(() => askedByRest(rest, options))),
    ...Array.from({ length: options.grpcClients }, () => client(() => askedByGrpc(grpc, options))),
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

async function askedByRest(pool: Pool, { model, key, row, best }: LoadOptions): Promise<string> {
  const { statusCode, headers, body } = await pool.request({
    method: "POST",
    path: `/v1/models/${model}:predict`,
    headers: { "content-type": "application/json", "modelwright-model": key },
    body: JSON.stringify({ instances: [row] }),
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`REST: status ${statusCode}: ${text.slice(0, 200)}`);
  const { predictions } = JSON.parse(text) as { predictions: number[][] }; // TensorFlow Serving's answer
  if (!isRight(predictions[0] ?? [], best)) throw new Error(`REST: wrong answer ${text.slice(0, 200)}`);
  return String(headers[revisionHeader]);
}

function askedByGrpc(client: Client, { model, row, best }: LoadOptions): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let revision = "";
  const call = client.makeUnaryRequest(
    "/inference.GRPCInferenceService/ModelInfer",
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => modelInferResponse.decode(bytes),
    inference(model, row),
    (error, response) => {
      if (error !== null) return reject(new Error(`gRPC: ${error.message}`));
      const [raw] = response?.rawOutputContents ?? [];
      const numbers = raw === undefined ? [] : [...new Float32Array(Uint8Array.from(raw).buffer)];
      if (isRight(numbers, best)) resolve(revision);
      else reject(new Error(`gRPC: wrong answer ${numbers.slice(0, 10).join(" ")}`));
      return undefined;
    },
  );
  call.on("metadata", (metadata) => (revision = String(metadata.get(revisionHeader)[0] ?? "")));
  return promise;
}

/** One row as Open Inference takes it, its numbers raw. */
function inference(modelName: string, row: readonly number[]): Buffer {
  const input = { name: "features", datatype: "FP32", shape: [1, row.length] };
  const rawInputContents = [new Uint8Array(Float32Array.from(row).buffer)];
  return Buffer.from(modelInferRequest.encode({ modelName, inputs: [input], rawInputContents }));
}

function isRight(numbers: readonly number[], best: number): boolean {
  return numbers.length > 0 && numbers.indexOf(Math.max(...numbers)) === best;
}
