import type * as Layers from "@tensorflow/tfjs-layers";

/**
 * Isolates the masks of layers: tfjs-layers passes one options object to all layers of a call, in which the mask of an
 * earlier layer would remain for layers without one.
 */
export function isolateLayerMasks(model: Layers.LayersModel): Layers.LayersModel {
  for (const layer of model.layers) {
    const apply = layer.apply.bind(layer);
    layer.apply = (inputs, options) => {
      const outputs = apply(inputs, options);
      if (options !== undefined) delete options["mask"];
      return outputs;
    };
  }
  return model;
}
