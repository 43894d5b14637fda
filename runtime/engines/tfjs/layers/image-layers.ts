import type * as Core from "@tensorflow/tfjs-core";
import type * as Layers from "@tensorflow/tfjs-layers";
import { type LayerArgs, type LayerClass, oneShape, oneTensor, type Shape, type Tensor } from "./layer-class.ts";

/** Image layers that tfjs-layers computes differently from Keras: keras/src/layers/preprocessing/image_preprocessing. */
export function imageLayers(tf: typeof Core, tfl: typeof Layers): readonly LayerClass[] {
  return [resizing(tf, tfl), centerCrop(tf, tfl)];
}

/** Keras interpolates at pixel centres and does not align corners. */
function resizing(tf: typeof Core, { layers }: typeof Layers): LayerClass {
  return class extends layers.Layer {
    static className = "Resizing";
    readonly size: [number, number];
    readonly isNearest: boolean;

    constructor(args: LayerArgs) {
      super(args);
      this.size = [Number(args["height"]), Number(args["width"])];
      this.isNearest = args["interpolation"] === "nearest";
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.tidy(() => {
        const image = tf.cast(oneTensor(inputs), "float32") as Core.Tensor4D; // the batch axis is always present
        return this.isNearest
          ? tf.image.resizeNearestNeighbor(image, this.size, false, true)
          : tf.image.resizeBilinear(image, this.size, false, true);
      });
    }

    override computeOutputShape(shape: Shape | Shape[]): Shape {
      const [batch = null, , , channels = null] = oneShape(shape);
      return [batch, ...this.size, channels];
    }
  };
}

/** Crops the centre. Keras enlarges images that are too small; here they are an error. */
function centerCrop(tf: typeof Core, { layers }: typeof Layers): LayerClass {
  return class extends layers.Layer {
    static className = "CenterCrop";
    readonly size: readonly [number, number];

    constructor(args: LayerArgs) {
      super(args);
      this.size = [Number(args["height"]), Number(args["width"])];
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      const image = oneTensor(inputs);
      const [batch = 0, rows = 0, columns = 0, channels = 0] = image.shape;
      const [height, width] = this.size;
      if (rows < height || columns < width) {
        throw new RangeError(`an image of ${rows} x ${columns} is smaller than the crop of ${height} x ${width}`);
      }
      const start = [0, Math.floor((rows - height) / 2), Math.floor((columns - width) / 2), 0];
      return tf.slice(image, start, [batch, height, width, channels]);
    }

    override computeOutputShape(shape: Shape | Shape[]): Shape {
      const [batch = null, , , channels = null] = oneShape(shape);
      return [batch, ...this.size, channels];
    }
  };
}
