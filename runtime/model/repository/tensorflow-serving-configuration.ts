import { dirname, resolve } from "node:path";
import { type MessageType, many, message, nested, plain, scalarMapOf } from "../../base/protobuf/message.ts";
import { chosenVersions, servableVersionPolicy } from "../../base/servable-version-policy.ts";
import { jsonTree } from "../../base/protobuf/text/json-format.ts";
import { messageFromTree } from "../../base/protobuf/text/message-from-tree.ts";
import { textFormatTree } from "../../base/protobuf/text/text-format.ts";
import { TextError } from "../../base/protobuf/text/syntax-tree.ts";
import type { VersionPolicy } from "../../protocols/protocol.ts";
import type { ModelFormat } from "../formats/load-model.ts";
import { repositoryFaults } from "./faults.ts";
import type { ModelConfiguration } from "./model-configuration.ts";

// tensorflow_serving/config/model_server_config.proto; the logging configuration is ignored.
const unused: MessageType<object> = message("tensorflow.serving.LoggingConfig", {});
const modelConfig = message("tensorflow.serving.ModelConfig", {
  name: plain(1, "string"),
  basePath: plain(2, "string"),
  modelType: plain(3, "enum"),
  modelPlatform: plain(4, "string"),
  loggingConfig: nested(6, () => unused),
  modelVersionPolicy: nested(7, () => servableVersionPolicy),
  versionLabels: scalarMapOf(8, "safe64"),
});
const modelConfigList = message("tensorflow.serving.ModelConfigList", { config: many(1, () => modelConfig) });
const modelServerConfig = message("tensorflow.serving.ModelServerConfig", {
  modelConfigList: nested(1, () => modelConfigList),
});

type ModelConfig = ReturnType<typeof modelConfig.decode>;

/** Formats by `model_platform`; a model of platform `tensorflow` may be a Keras file as well. */
const platforms: Readonly<Record<string, ModelFormat>> = {
  "": "Auto",
  tensorflow: "Auto",
  keras: "Keras",
  onnx: "Onnx",
  onnxruntime_onnx: "Onnx",
  tensorflow_js: "TensorFlowJs",
};

/**
 * Parses TensorFlow Serving's model configuration (`model_config_list`), in protobuf's text format or as JSON. Relative base paths
 * are relative to the file's folder. Throws `ConfigurationInvalid` with line and column, or `ConfiguredModelInvalid`.
 */
export function tensorflowServingConfiguration(file: string, text: string): readonly ModelConfiguration[] {
  const models = (serverConfig(file, text).modelConfigList?.config ?? []).map((config) =>
    modelConfiguration(file, config),
  );
  const names = models.map(({ name }) => name);
  const duplicate = names.find((name, i) => names.indexOf(name) !== i);
  if (duplicate !== undefined) {
    throw repositoryFaults.ConfiguredModelInvalid({
      file,
      model: duplicate,
      reason: "is configured twice; names must be unique",
    });
  }
  return models;
}

function serverConfig(file: string, text: string): ReturnType<typeof modelServerConfig.decode> {
  const isJson = /^\uFEFF?\s*\{/.test(text);
  try {
    const tree = isJson ? jsonTree(text) : textFormatTree(text);
    return messageFromTree(modelServerConfig, tree, { notation: isJson ? "json" : "text" });
  } catch (thrown) {
    if (!(thrown instanceof TextError)) throw thrown;
    const { at, message: reason } = thrown;
    throw repositoryFaults.ConfigurationInvalid({ file, place: `${at.line}:${at.column}`, reason }, thrown);
  }
}

function modelConfiguration(file: string, config: ModelConfig): ModelConfiguration {
  const { name, basePath, modelPlatform, versionLabels } = config;
  const invalid = (reason: string) => repositoryFaults.ConfiguredModelInvalid({ file, model: name, reason });
  if (name === "") throw invalid("has no name");
  if (basePath === "") throw invalid("has no base_path");
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(basePath)) {
    throw invalid(`has base_path ${basePath}; must be a path of this machine: mount or fetch the model first`);
  }
  const format = platforms[modelPlatform];
  if (format === undefined) {
    const known = Object.keys(platforms).filter((platform) => platform !== "");
    throw invalid(`has model_platform "${modelPlatform}"; must be one of ${known.join(", ")}`);
  }
  const path = resolve(dirname(resolve(file)), basePath);
  const policy = policyOf(config, invalid);
  return { name, basePath: path, policy, labels: versionLabels, format, soleVersion: 1, isFixed: false };
}

function policyOf({ modelVersionPolicy }: ModelConfig, invalid: (reason: string) => Error): VersionPolicy {
  const policy = chosenVersions(modelVersionPolicy);
  if (policy.kind === "specific" && policy.numbers.length === 0) {
    throw invalid("has a specific model_version_policy without versions");
  }
  return policy;
}
