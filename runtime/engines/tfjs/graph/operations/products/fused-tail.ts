import type * as Core from "@tensorflow/tfjs-core";
import { type Call, numberOf, tensorAt, textsOf } from "../../call.ts";

/** What a fused operation does after its product. */
export interface FusedTail {
  readonly bias?: Core.Tensor;
  readonly activation?: "relu" | "relu6" | "elu" | "sigmoid" | "leakyrelu" | "prelu";
  readonly preluActivationWeights?: Core.Tensor;
  readonly leakyreluAlpha?: number;
}

const activations: Readonly<Record<string, NonNullable<FusedTail["activation"]>>> = {
  Relu: "relu",
  Relu6: "relu6",
  Elu: "elu",
  Sigmoid: "sigmoid",
  LeakyRelu: "leakyrelu",
  Prelu: "prelu",
};

/** Names of the activations that a fused operation can end with. */
export const fusedActivations: ReadonlySet<string> = new Set(["Relu", "Relu6", "Elu", "Sigmoid", "LeakyRelu"]);

/** Reads `fused_ops`: an optional BiasAdd and an optional activation; their operands follow the first two inputs. */
export function fusedTail(call: Call): FusedTail {
  const tail = textsOf(call, "fused_ops");
  const hasBias = tail[0] === "BiasAdd";
  const [name, ...rest] = hasBias ? tail.slice(1) : tail;
  const activation = name !== undefined && Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (rest.length > 0 || (name !== undefined && activation === undefined)) {
    throw new TypeError(`${call.op}: the fused operations ${tail.join(", ")} are not known`);
  }
  return {
    ...(hasBias ? { bias: tensorAt(call, 2) } : {}),
    ...(activation === undefined ? {} : { activation }),
    ...(activation === "prelu" ? { preluActivationWeights: tensorAt(call, hasBias ? 3 : 2) } : {}),
    ...(activation === "leakyrelu" ? { leakyreluAlpha: numberOf(call, "leakyrelu_alpha", 0.2) } : {}),
  };
}

/** The tail as operations of its own, for products that are made of several. */
export function withTail(call: Call, product: Core.Tensor4D): Core.Tensor4D {
  const { bias, ...rest } = fusedTail(call);
  const shifted = bias === undefined ? product : call.tf.add(product, bias);
  return activated(call, shifted, rest) as Core.Tensor4D; // its shape is that of the product
}

function activated({ tf }: Call, x: Core.Tensor, tail: FusedTail): Core.Tensor {
  switch (tail.activation) {
    case undefined:
      return x;
    case "leakyrelu":
      return tf.leakyRelu(x, tail.leakyreluAlpha ?? 0.2);
    case "prelu":
      return tail.preluActivationWeights === undefined ? x : tf.prelu(x, tail.preluActivationWeights);
    default:
      return tf[tail.activation](x);
  }
}
