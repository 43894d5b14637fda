import { Fault } from "../../../base/fault.ts";
import type { Models } from "../../protocol.ts";
import { type RpcCall, type RpcService, readMessage, unary } from "../../rpc.ts";
import { configTypes, modelConfig } from "../models/config.ts";
import { readyModel, isReady, modelReference } from "../models/lookup.ts";
import { type ServerIdentity, modelMetadata, serverMetadata } from "../models/metadata.ts";
import { refusal } from "./errors.ts";
import { modelInfer } from "./infer.ts";
import * as messages from "./messages.ts";
import { repositoryMethods } from "./repository.ts";
import { statisticsMethod } from "./statistics.ts";
import { modelConfigRequest, modelConfigResponse } from "./repository-messages.ts";

/** The Open Inference Protocol (version 2) over gRPC, with Triton's streaming, model configuration, repository and statistics. */
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
      // An unknown model is not ready rather than an error, as in Triton: clients poll until a model appears.
      ({ name, version }) => ({ ready: isReady(models, modelReference(name, version)) }),
    ),
    ModelMetadata: unary(
      { request: messages.modelMetadataRequest, response: messages.modelMetadataResponse },
      ({ name, version }) => modelMetadata(models, readyModel(models, modelReference(name, version)), server.name),
    ),
    ModelConfig: unary({ request: modelConfigRequest, response: modelConfigResponse }, ({ name, version }) => ({
      config: configMessage(readyModel(models, modelReference(name, version)), server),
    })),
    ModelStatistics: statisticsMethod(models),
    ModelInfer: unary({ request: messages.modelInferRequest, response: messages.modelInferResponse }, (request, call) =>
      modelInfer(models, request, { ...call, isStreamed: false }),
    ),
    ModelStreamInfer: {
      kind: "stream",
      isClientStreaming: true,
      request: messages.modelInferRequest,
      response: messages.modelStreamInferResponse,
      stream: (requests, send, call) => streamInfer(models, requests, { send, call }),
    },
  };
}

/** Numbers of `ModelInput.Format`. */
const formats = { NONE: 0, NHWC: 1, NCHW: 2 } as const;

function configMessage(target: Parameters<typeof modelConfig>[0], server: ServerIdentity) {
  const { inputs, outputs, ...config } = modelConfig(target, server);
  const tensor = ({ name, dtype, dims }: (typeof inputs)[number]) => ({
    name,
    dataType: configTypes[dtype]?.[1] ?? 0,
    dims,
  });
  return {
    ...config,
    input: inputs.map((input) => ({ ...tensor(input), format: formats[input.layout ?? "NONE"] })),
    output: outputs.map((output) => ({ ...tensor(output), labelFilename: output.labelFile ?? "" })),
  };
}

interface Stream {
  readonly send: (response: Uint8Array) => Promise<void>;
  readonly call: RpcCall;
}

/** Requests of one stream that run concurrently. */
const maxPending = 64;

/**
 * Runs the requests of a stream concurrently and responds in their order. An error is a response like any other; the stream goes
 * on.
 */
async function streamInfer(models: Models, requests: AsyncIterable<Buffer>, { send, call }: Stream): Promise<void> {
  const pending: Promise<void>[] = [];
  let last = Promise.resolve();
  for await (const bytes of requests) {
    const response = streamResponse(models, bytes, call);
    const previous = last;
    last = previous.then(async () => send(await response));
    pending.push(last);
    if (pending.length >= maxPending) await pending.shift();
  }
  await last;
}

async function streamResponse(models: Models, bytes: Buffer, call: RpcCall): Promise<Uint8Array> {
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
