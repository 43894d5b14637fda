import type * as Layers from "@tensorflow/tfjs-layers";

/**
 * Lets each layer have its own mask only: tfjs-layers hands all layers of a call one object of options, in which the mask of an
 * earlier layer stays for those that have none.
 */
export function withOwnMasks(model: Layers.LayersModel): Layers.LayersModel {
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
