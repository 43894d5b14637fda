import { Fault } from "../../../base/fault.ts";
import type { Models } from "../../protocol.ts";
import { type RpcCall, type RpcService, readMessage, unary } from "../../rpc.ts";
import { configTypes, modelConfig } from "../models/config.ts";
import { found, isReady, modelReference } from "../models/lookup.ts";
import { type ServerIdentity, modelMetadata, serverMetadata } from "../models/metadata.ts";
import { refusal } from "./errors.ts";
import { modelInfer } from "./infer.ts";
import * as messages from "./messages.ts";
import { repositoryMethods } from "./repository.ts";
import { statisticsMethod } from "./statistics.ts";
import { modelConfigRequest, modelConfigResponse } from "./repository-messages.ts";

/** The Open Inference Protocol (version 2) over gRPC, with Triton's stream, configuration and repository. */
export function inferenceService(models: Models, server: ServerIdentity): RpcService {
  return {
    name: "inference.GRPCInferenceService",
    protocol: "open-inference-grpc",
    methods: { ...serverMethods(models, server), ...modelMethods(models, server), ...repositoryMethods(models) },
    refusal,
  };
}

function serverMethods(models: Models, server: ServerIdentity): RpcService["methods"] {
  return {
    ServerLive: unary({ request: messages.serverLiveRequest, response: messages.serverLiveResponse }, () => ({
      live: true,
    })),
    ServerReady: unary({ request: messages.serverReadyRequest, response: messages.serverReadyResponse }, () => ({
      ready: models.isReady(),
    })),
    ServerMetadata: unary({ request: messages.serverMetadataRequest, response: messages.serverMetadataResponse }, () =>
      serverMetadata(server),
    ),
  };
}

function modelMethods(models: Models, server: ServerIdentity): RpcService["methods"] {
  return {
    ModelReady: unary(
      { request: messages.modelReadyRequest, response: messages.modelReadyResponse },
      // Clients that wait for a model ask until it is there, and Triton never tells them otherwise.
      ({ name, version }) => ({ ready: isReady(models, modelReference(name, version)) }),
    ),
    ModelMetadata: unary(
      { request: messages.modelMetadataRequest, response: messages.modelMetadataResponse },
      ({ name, version }) => modelMetadata(models, found(models, modelReference(name, version)), server.name),
    ),
    ModelConfig: unary({ request: modelConfigRequest, response: modelConfigResponse }, ({ name, version }) => ({
      config: configMessage(found(models, modelReference(name, version)), server),
    })),
    ModelStatistics: statisticsMethod(models),
    ModelInfer: unary({ request: messages.modelInferRequest, response: messages.modelInferResponse }, (request, call) =>
      modelInfer(models, request, { ...call, isStreamed: false }),
    ),
    ModelStreamInfer: {
      kind: "stream",
      takesMany: true,
      request: messages.modelInferRequest,
      response: messages.modelStreamInferResponse,
      converse: (requests, send, call) => streamed(models, requests, { send, call }),
    },
  };
}

/** Numbers of `ModelInput.Format`. */
const layouts = { NONE: 0, NHWC: 1, NCHW: 2 } as const;

function configMessage(target: Parameters<typeof modelConfig>[0], server: ServerIdentity) {
  const { inputs, outputs, ...config } = modelConfig(target, server);
  const tensor = ({ name, dtype, dims }: (typeof inputs)[number]) => ({
    name,
    dataType: configTypes[dtype]?.[1] ?? 0,
    dims,
  });
  return {
    ...config,
    input: inputs.map((input) => ({ ...tensor(input), format: layouts[input.layout ?? "NONE"] })),
    output: outputs.map((output) => ({ ...tensor(output), labelFilename: output.labelFile ?? "" })),
  };
}

interface Stream {
  readonly send: (answer: Uint8Array) => Promise<void>;
  readonly call: RpcCall;
}

/** Requests of one stream that run at a time. */
const maxRunning = 64;

/** Answers in the order of the requests, which run as they come. A refusal is an answer too: the stream goes on. */
async function streamed(models: Models, requests: AsyncIterable<Buffer>, { send, call }: Stream): Promise<void> {
  const running: Promise<void>[] = [];
  let last = Promise.resolve();
  for await (const bytes of requests) {
    const answer = streamAnswer(models, bytes, call);
    const before = last;
    last = before.then(async () => send(await answer));
    running.push(last);
    if (running.length >= maxRunning) await running.shift();
  }
  await last;
}

async function streamAnswer(models: Models, bytes: Buffer, call: RpcCall): Promise<Uint8Array> {
  let id = "";
  try {
    const request = readMessage(messages.modelInferRequest, bytes);
    id = request.id;
    return await modelInfer(models, request, { ...call, isStreamed: true });
  } catch (thrown) {
    const errorMessage = refusal(Fault.from(thrown)).details;
    return messages.modelStreamInferResponse.encode({ errorMessage, inferResponse: { id } });
  }
}
