import { many, mapOf, message, nested, optional, plain, repeated } from "../../../base/protobuf/message.ts";
import { graphDef, opDef, tensorShapeProto } from "../tensorflow-graph/graph-proto.ts";

/** Messages of tensorflow/core/protobuf, as far as serving needs them. */

export const tensorInfo = message("tensorflow.TensorInfo", {
  name: plain(1, "string"),
  dtype: plain(2, "enum"),
  tensorShape: nested(3, () => tensorShapeProto),
  cooSparse: optional(4, "bytes"),
  compositeTensor: optional(5, "bytes"),
});
export type TensorInfo = ReturnType<(typeof tensorInfo)["decode"]>;

const signatureDef = message("tensorflow.SignatureDef", {
  inputs: mapOf(1, () => tensorInfo),
  outputs: mapOf(2, () => tensorInfo),
  methodName: plain(3, "string"),
});
export type SignatureDef = ReturnType<(typeof signatureDef)["decode"]>;

const opList = message("tensorflow.OpList", { op: many(1, () => opDef) });
const metaInfo = message("tensorflow.MetaGraphDef.MetaInfoDef", {
  strippedOpList: nested(2, () => opList),
  tags: repeated(4, "string"),
});
const saverDef = message("tensorflow.SaverDef", {
  filenameTensorName: plain(1, "string"),
  restoreOpName: plain(3, "string"),
});

const metaGraph = message("tensorflow.MetaGraphDef", {
  metaInfoDef: nested(1, () => metaInfo),
  graphDef: nested(2, () => graphDef),
  saverDef: nested(3, () => saverDef),
  signatureDef: mapOf(5, () => signatureDef),
});
export type MetaGraph = ReturnType<(typeof metaGraph)["decode"]>;

/** Only the tags: graphs for training are not decoded. */
export const metaGraphTags = message("tensorflow.MetaGraphDef", {
  metaInfoDef: nested(1, () => message("tensorflow.MetaGraphDef.MetaInfoDef", { tags: repeated(4, "string") })),
});

export const savedModelProto = message("tensorflow.SavedModel", { metaGraphs: repeated(2, "bytes") });
export const metaGraphProto = metaGraph;

const objectAttribute = message("tensorflow.TrackableObjectGraph.TrackableObject.SerializedTensor", {
  fullName: plain(2, "string"),
  checkpointKey: plain(3, "string"),
});
const trackableObject = message("tensorflow.TrackableObjectGraph.TrackableObject", {
  attributes: many(2, () => objectAttribute),
});
/** tensorflow/core/protobuf/trackable_object_graph.proto. */
export const objectGraph = message("tensorflow.TrackableObjectGraph", { nodes: many(1, () => trackableObject) });
