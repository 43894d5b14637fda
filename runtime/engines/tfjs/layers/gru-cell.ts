import type * as Core from "@tensorflow/tfjs-core";
import {
  type Kwargs,
  type LayerArgs,
  type LayerClass,
  registeredClass,
  type Shape,
  type Tensor,
  oneShape,
} from "./layer-class.ts";

interface Activation {
  apply(x: Tensor): Tensor;
}

interface Variable {
  read(): Tensor;
}

/** Members of tfjs-layers' GRUCell that this class uses. */
interface GruInternals {
  readonly units: number;
  readonly useBias: boolean;
  readonly activation: Activation;
  readonly recurrentActivation: Activation;
  readonly kernelInitializer: Parameters<InstanceType<LayerClass>["addWeight"]>[3];
  kernel: Variable;
  recurrentKernel: Variable;
  bias: Variable | null;
}

type GruCellClass = new (args: object) => InstanceType<LayerClass> & GruInternals;

/**
 * A GRU cell with `reset_after=True` (Keras' default since 2.0, cuDNN's form): the reset gate is applied after the
 * matrix product, with separate biases for input and state. keras/src/layers/rnn/gru.py, `GRUCell.call`.
 */
export function gruResetAfterCell(tf: typeof Core): LayerClass {
  const base = registeredClass(tf, "GRUCell") as unknown as GruCellClass; // its fields are not in the types
  return class extends base {
    static className = "GRUResetAfterCell";

    override build(shape: Shape | Shape[]): void {
      const inputSize = oneShape(shape).at(-1) ?? null;
      const size = this.units * 3;
      const add = (name: string, shape: Shape): Variable =>
        this.addWeight(name, shape, undefined, this.kernelInitializer);
      this.kernel = add("kernel", [inputSize, size]);
      this.recurrentKernel = add("recurrent_kernel", [this.units, size]);
      this.bias = this.useBias ? add("bias", [2, size]) : null;
      this.built = true;
    }

    override call(inputs: Tensor | Tensor[], _kwargs: Kwargs): Tensor | Tensor[] {
      return tf.tidy(() => {
        const [x, state] = Array.isArray(inputs) ? inputs : [];
        if (x === undefined || state === undefined) throw new RangeError("a GRU cell takes an input and a state");
        const [inputBias, stateBias] = this.bias === null ? [] : tf.unstack(this.bias.read());
        const fromInput = this.#gates(x, this.kernel, inputBias);
        const fromState = this.#gates(state, this.recurrentKernel, stateBias);
        const [xz, xr, xh] = fromInput;
        const [hz, hr, hh] = fromState;
        const update = this.recurrentActivation.apply(tf.add(xz, hz));
        const reset = this.recurrentActivation.apply(tf.add(xr, hr));
        const candidate = this.activation.apply(tf.add(xh, tf.mul(reset, hh)));
        const next = tf.add(tf.mul(update, state), tf.mul(tf.sub(1, update), candidate));
        return [next, next];
      });
    }

    #gates(x: Tensor, kernel: Variable, bias: Tensor | undefined): [Tensor, Tensor, Tensor] {
      const product = tf.matMul(x, kernel.read());
      const sum = bias === undefined ? product : tf.add(product, bias);
      return tf.split(sum, 3, 1) as [Tensor, Tensor, Tensor]; // split returns three tensors
    }
  };
}

/** The layer of that cell: tfjs-layers' RNN with the options of Keras' GRU. */
export function gruResetAfter(tf: typeof Core, cellClass: LayerClass): LayerClass {
  const base = registeredClass(tf, "RNN");
  return class extends base {
    static override className = "GRUResetAfter";
    readonly args: LayerArgs;

    constructor(args: LayerArgs) {
      super({ ...args, cell: new cellClass({ ...args, name: `${String(args["name"])}_cell` }) });
      this.args = args;
    }

    /** Bidirectional constructs its two layers from this config. */
    override getConfig(): Core.serialization.ConfigDict {
      return { ...this.args, ...super.getConfig() } as Core.serialization.ConfigDict; // the options come from such a dictionary
    }

    static fromConfig(cls: LayerClass, config: LayerArgs): object {
      return new cls(config);
    }
  };
}
