import type { Draft, MessageType } from "../../../base/protobuf/message.ts";
import { ProtobufError } from "../../../base/protobuf/wire-reader.ts";
import { infer } from "../../../dataplane/infer.ts";
import type { Signature } from "../../../dataplane/signature.ts";
import type { NamedTensor, Tensor } from "../../../dataplane/tensor.ts";
import type { Models } from "../../protocol.ts";
import type { RpcCall } from "../../rpc.ts";
import type { PredictRequest, predictResponse } from "./api-messages.ts";
import { faults } from "./faults.ts";
import type { FilledMemory } from "./filled-memory.ts";
import type { TensorProto } from "./framework-messages.ts";
import { effectiveSpec, givenSpec, signatureNameOf, targetOf } from "./model-spec.ts";
import { UnreadableTensor, protoFromTensor, tensorFromProto } from "./tensor-proto.ts";

type Response = typeof predictResponse extends MessageType<infer M> ? M : never;

/** Where predictions find models, and memory. */
export interface PredictParts {
  readonly models: Models;
  readonly memory: FilledMemory;
}

/** `PredictionService.Predict`, its checks in TensorFlow Serving's order. */
export function predict(
  { models, memory }: PredictParts,
  request: PredictRequest,
  call: RpcCall,
): Promise<Draft<Response>> {
  return memory.during((take) => predicted(models, request, { call, take }));
}

interface Terms {
  readonly call: RpcCall;
  readonly take: (sizeBytes: number) => void;
}

async function predicted(models: Models, request: PredictRequest, { call, take }: Terms): Promise<Draft<Response>> {
  const spec = givenSpec(request.modelSpec);
  const target = targetOf(models, spec);
  const name = signatureNameOf(spec);
  const signature = target.signatures.get(name);
  if (signature === undefined) throw faults.SignatureKeyUnknown({ signature: name });
  const inputs = givenInputs(request.inputs, signature, take);
  const outputs = wantedOutputs(request.outputFilter, signature);
  const { signal, deadline } = call;
  const answer = await infer(() => target, {
    model: { name: spec.name },
    signature: name,
    inputs,
    outputs,
    signal,
    deadline,
  });
  return {
    outputs: new Map(answer.outputs.map((output) => [output.name, protoFromTensor(output.tensor)])),
    modelSpec: effectiveSpec(target, name),
  };
}

/** The inputs of a request, in its order. Throws TensorFlow Serving's refusal of what the signature does not have. */
export function givenInputs(
  given: PredictRequest["inputs"],
  signature: Signature,
  take: Terms["take"],
): readonly NamedTensor[] {
  const known = signature.inputs.map((input) => input.name);
  if (given.size !== known.length) throw faults.InputCount({ given: [...given.keys()], known });
  return Array.from(given, ([alias, proto]) => {
    if (!known.includes(alias)) throw faults.AliasUnknown({ alias, known });
    return { name: alias, tensor: readTensor(alias, proto, take) };
  });
}

function readTensor(alias: string, proto: TensorProto, take: Terms["take"]): Tensor {
  try {
    return tensorFromProto(proto, take);
  } catch (thrown) {
    if (!(thrown instanceof UnreadableTensor || thrown instanceof ProtobufError)) throw thrown;
    throw faults.TensorUnreadable({ alias, reason: thrown.message }, thrown);
  }
}

function wantedOutputs(filter: readonly string[], signature: Signature): readonly string[] {
  const known = signature.outputs.map((output) => output.name);
  const seen = new Set<string>();
  for (const alias of filter) {
    if (!known.includes(alias)) throw faults.OutputAliasUnknown({ alias, known });
    if (seen.has(alias)) throw faults.OutputAliasRepeated({ alias });
    seen.add(alias);
  }
  return filter;
}
