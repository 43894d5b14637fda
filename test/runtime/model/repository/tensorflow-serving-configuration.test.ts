import { describe, expect, test } from "vitest";
import type { ModelConfiguration } from "../../../../runtime/model/repository/model-configuration.ts";
import { tensorflowServingConfiguration } from "../../../../runtime/model/repository/tensorflow-serving-configuration.ts";

const file = "/etc/models/models.config";

const plain: Omit<ModelConfiguration, "name" | "basePath"> = {
  policy: { kind: "latest", count: 1 },
  labels: new Map(),
  format: "Auto",
  soleVersion: 1,
  isFixed: false,
};

const text = `
# as in TensorFlow Serving's guide
model_config_list {
  config {
    name: 'half_plus_two'
    base_path: '/models/half_plus_two'
    model_platform: 'tensorflow'
    model_version_policy { specific { versions: 123 versions: 124 } }
    version_labels { key: 'stable' value: 123 }
    version_labels { key: 'canary' value: 124 }
  }
  config: <
    name: "digits",
    base_path: "digits",
    model_version_policy: { latest: { num_versions: 2 } },
    logging_config { }
  >
  config { name: "all" base_path: "/models/all" model_version_policy { all {} } model_platform: "onnx" }
}
`;

const json = `{
  "modelConfigList": {
    "config": [
      {
        "name": "half_plus_two",
        "basePath": "/models/half_plus_two",
        "modelPlatform": "tensorflow",
        "modelVersionPolicy": { "specific": { "versions": ["123", 124] } },
        "versionLabels": { "stable": "123", "canary": "124" }
      },
      {
        "name": "digits",
        "base_path": "digits",
        "model_version_policy": { "latest": { "num_versions": 2 } }
      },
      { "name": "all", "basePath": "/models/all", "modelVersionPolicy": { "all": {} }, "modelPlatform": "onnx" }
    ]
  }
}`;

const want: readonly ModelConfiguration[] = [
  {
    ...plain,
    name: "half_plus_two",
    basePath: "/models/half_plus_two",
    policy: { kind: "specific", numbers: [123, 124] },
    labels: new Map([
      ["stable", 123],
      ["canary", 124],
    ]),
  },
  { ...plain, name: "digits", basePath: "/etc/models/digits", policy: { kind: "latest", count: 2 } },
  { ...plain, name: "all", basePath: "/models/all", policy: { kind: "all" }, format: "Onnx" },
];

describe("TensorFlow Serving's model configuration", () => {
  test.each([
    ["in protobuf's text format", text],
    ["as JSON", json],
  ])("is read %s", (_, content) => {
    expect(tensorflowServingConfiguration(file, content)).toEqual(want);
  });

  test("may be empty", () => {
    expect(tensorflowServingConfiguration(file, "")).toEqual([]);
    expect(tensorflowServingConfiguration(file, "model_config_list {}")).toEqual([]);
  });

  const refused: Readonly<Record<string, readonly [string, string]>> = {
    "a misspelt field": [
      'model_config_list {\n  config { name: "a" base_pth: "/a" }\n}',
      '/etc/models/models.config:2:22: ModelConfig has no field "base_pth"; it has name, base_path, model_type, model_platform, logging_config, model_version_policy, version_labels',
    ],
    "another kind of configuration": [
      "custom_model_config {}",
      '/etc/models/models.config:1:1: ModelServerConfig has no field "custom_model_config"; it has model_config_list',
    ],
    "two policies": [
      'model_config_list { config { name: "a" base_path: "/a" model_version_policy { all {} latest {} } } }',
      '/etc/models/models.config:1:86: field "latest" stands beside "all"; only one of them may',
    ],
    "JSON that is none": [
      '{"modelConfigList": ',
      "/etc/models/models.config:1:21: the text ends; expected a JSON value",
    ],
    "a model without a name": [
      'model_config_list { config { base_path: "/a" } }',
      '/etc/models/models.config: model "" has no name',
    ],
    "a model without a path": [
      'model_config_list { config { name: "a" } }',
      '/etc/models/models.config: model "a" has no base_path',
    ],
    "a bucket": [
      'model_config_list { config { name: "a" base_path: "s3://bucket/a" } }',
      '/etc/models/models.config: model "a" has base_path s3://bucket/a; must be a path of this machine: mount or fetch the model first',
    ],
    "an unknown platform": [
      'model_config_list { config { name: "a" base_path: "/a" model_platform: "pytorch" } }',
      '/etc/models/models.config: model "a" has model_platform "pytorch"; must be one of tensorflow, keras, onnx, onnxruntime_onnx, tensorflow_js',
    ],
    "an empty list of specific versions": [
      'model_config_list { config { name: "a" base_path: "/a" model_version_policy { specific {} } } }',
      '/etc/models/models.config: model "a" has a specific model_version_policy without versions',
    ],
    "a name twice": [
      'model_config_list { config { name: "a" base_path: "/a" } config { name: "a" base_path: "/b" } }',
      '/etc/models/models.config: model "a" is configured twice; names must be unique',
    ],
  };
  test.each(Object.entries(refused))("refuses %s", (_, [content, message]) => {
    expect(() => tensorflowServingConfiguration(file, content)).toThrow(expect.objectContaining({ message }));
  });
});
