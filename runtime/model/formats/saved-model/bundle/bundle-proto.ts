import { message, nested, plain, repeated } from "../../../../base/protobuf/message.ts";
import { tensorShapeProto } from "../../tensorflow-graph/source/graph-proto.ts";

/** tensorflow/core/protobuf/tensor_bundle.proto. */
export const bundleHeader = message("tensorflow.BundleHeaderProto", {
  numShards: plain(1, "int32"),
  endianness: plain(2, "enum"),
});

/** The location of a variable: shard, offset and size in bytes, and the masked CRC-32C of the bytes. */
export const bundleEntry = message("tensorflow.BundleEntryProto", {
  dtype: plain(1, "enum"),
  shape: nested(2, () => tensorShapeProto),
  shardId: plain(3, "int32"),
  offset: plain(4, "safe64"),
  size: plain(5, "safe64"),
  crc32c: plain(6, "fixed32"),
  /** Not empty when the tensor is stored in slices. */
  slices: repeated(7, "bytes"),
});
