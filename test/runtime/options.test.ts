import { describe, expect, test } from "vitest";
import { fetchOptions, serveOptions } from "../../runtime/options.ts";
import { defaultServing } from "../../runtime/serving-settings.ts";

describe("options of serve", () => {
  test("a path is enough", () => {
    expect(serveOptions(["models/digits.h5"], {})).toEqual({
      path: "models/digits.h5",
      name: "digits",
      version: 1,
      format: "Auto",
      engine: "Auto",
      host: "0.0.0.0",
      httpPort: 8501,
      adminPort: 8502,
      serving: defaultServing,
      drainDelayMs: 0,
      logLevel: "info",
    });
  });

  test("come from the operator's environment variables", () => {
    const env = {
      MODELWRIGHT_BIND_ADDRESS: "127.77.0.3",
      MODELWRIGHT_MODEL_NAME: "digits",
      MODELWRIGHT_MODEL_VERSION: "7",
      MODELWRIGHT_MODEL_PATH: "/mnt/models/simple_model.h5",
      MODELWRIGHT_MODEL_VOLUME: "/mnt/models",
      MODELWRIGHT_MODEL_FORMAT: "Keras",
      MODELWRIGHT_MODEL_DIGEST: `sha256:${"a".repeat(64)}`,
      MODELWRIGHT_ENGINE: "TensorFlowJs",
      MODELWRIGHT_SERVING:
        '{"batching":{"maxSize":8,"maxDelay":"2ms"},"limits":{"bodyBytes":1024,"queue":5,"timeout":"1m30s"},"warmup":{"mode":"None"},"logging":{"requests":"All"}}',
      MODELWRIGHT_TERMINATION_LOG: "/dev/termination-log",
      MODELWRIGHT_DRAIN_DELAY_MS: "3000",
      MODELWRIGHT_LOG_LEVEL: "debug",
    };
    expect(serveOptions([], env)).toEqual({
      path: "/mnt/models/simple_model.h5",
      volume: "/mnt/models",
      name: "digits",
      version: 7,
      format: "Keras",
      digest: `sha256:${"a".repeat(64)}`,
      engine: "TensorFlowJs",
      host: "127.77.0.3",
      httpPort: 8501,
      adminPort: 8502,
      serving: {
        batching: { maxBatchSize: 8, maxDelayMs: 2, maxQueued: 5 },
        bodyBytes: 1024,
        timeoutMs: 90_000,
        warmsUp: false,
        requestLog: "All",
      },
      terminationLog: "/dev/termination-log",
      drainDelayMs: 3000,
      logLevel: "debug",
    });
  });

  test("a flag wins over its variable", () => {
    expect(serveOptions(["a.h5", "--version", "2"], { MODELWRIGHT_MODEL_VERSION: "7" }).version).toBe(2);
  });

  const wrong: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>, string])[] = [
    [
      "no path",
      [],
      {},
      "the first argument or MODELWRIGHT_MODEL_PATH is missing; must be the path of a model file or folder",
    ],
    ["two paths", ["a.h5", "b.h5"], {}, "argument 2 is b.h5; must be absent"],
    [
      "a port that is none",
      ["a.h5", "--http-port", "85x"],
      {},
      "--http-port is 85x; must be a whole number from 0 to 65535",
    ],
    [
      "an unknown format",
      ["a.h5"],
      { MODELWRIGHT_MODEL_FORMAT: "Pickle" },
      "MODELWRIGHT_MODEL_FORMAT is Pickle; must be one of Auto, Keras, SavedModel, TensorFlowJs, Onnx",
    ],
    [
      "a short digest",
      ["a.h5", "--digest", "sha256:12"],
      {},
      "--digest is sha256:12; must be sha256: and 64 hex digits",
    ],
    ["settings that are no JSON", ["a.h5", "--serving", "{"], {}, "--serving is {; must be JSON of spec.serving"],
    [
      "a setting of the wrong kind",
      ["a.h5"],
      { MODELWRIGHT_SERVING: '{"limits":{"timeout":30}}' },
      "MODELWRIGHT_SERVING.limits.timeout is 30; must be a duration such as 500ms or 1m30s",
    ],
    ["an unknown flag", ["a.h5", "--gpu"], {}, "Unknown option '--gpu'"],
  ];

  test.each(wrong)("%s is refused with the option and its value", (_, args, env, message) => {
    expect(() => serveOptions(args, env)).toThrow(message);
  });
});

describe("options of fetch", () => {
  test("come from the operator's environment variables", () => {
    const env = {
      MODELWRIGHT_SOURCE_URL: "https://models.example.com/digits.h5",
      MODELWRIGHT_SOURCE_SHA256: "a".repeat(64),
      MODELWRIGHT_MODEL_PATH: "/mnt/models/model",
    };
    expect(fetchOptions([], env)).toEqual({
      url: "https://models.example.com/digits.h5",
      sha256: "a".repeat(64),
      path: "/mnt/models/model",
      logLevel: "info",
    });
  });

  test("need a place to write to", () => {
    expect(() => fetchOptions(["https://models.example.com/digits.h5"], {})).toThrow(
      "--to or MODELWRIGHT_MODEL_PATH is missing; must be the file to write",
    );
  });
});
