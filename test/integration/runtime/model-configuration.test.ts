import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { anyPorts, digits, rows, start } from "./program.ts";
import { type ModelsFolder, type ModelsServing, repositoryScene } from "./repository-scene.ts";

const { serving, models: modelsOf } = repositoryScene();
let models: ModelsFolder;
beforeEach(() => {
  models = modelsOf();
});

function configured(labels: Readonly<Record<string, number>>, more = ""): string {
  const entries = Object.entries(labels).map(([key, value]) => `version_labels { key: "${key}" value: ${value} }`);
  const digitsConfig = `name: "digits" base_path: "digits" model_platform: "tensorflow" model_version_policy { all {} }`;
  return `model_config_list { config { ${digitsConfig} ${entries.join(" ")} } ${more} }`;
}

/** Status of a prediction for a label. */
async function byLabel({ url }: ModelsServing, label: string): Promise<string> {
  const body = JSON.stringify({ instances: rows });
  const response = await fetch(`${url}/v1/models/digits/labels/${label}:predict`, { method: "POST", body });
  const { error } = (await response.json()) as { error?: string }; // TensorFlow Serving's
  return error === undefined ? String(response.status) : `${response.status} ${error}`;
}

describe("TensorFlow Serving's model configuration", () => {
  test("sets which models, versions and labels are served, and is watched for changes", async () => {
    await models.add("digits", "1");
    await models.add("digits", "2");
    await models.write("models.config", configured({ stable: 1, canary: 2 }));
    const server = await serving("--config", join(models.path, "models.config"));
    expect(await server.states("digits")).toBe("1 AVAILABLE, 2 AVAILABLE");
    expect([await byLabel(server, "stable"), await byLabel(server, "canary"), await byLabel(server, "beta")]).toEqual([
      "200",
      "200",
      "400 Unrecognized servable version label: beta",
    ]);
    await models.add("letters", "7");
    const letters = `config { name: "letters" base_path: "${join(models.path, "letters")}" }`;
    await models.write("models.config", configured({ stable: 2, beta: 3 }, letters));
    await server.until("letters", "7 AVAILABLE");
    // A label appears with its version, and disappears when the configuration no longer has it.
    expect([await byLabel(server, "beta"), await byLabel(server, "canary")]).toEqual([
      "400 Unrecognized servable version label: beta",
      "400 Unrecognized servable version label: canary",
    ]);
    await models.add("digits", "3");
    await server.until("digits", "1 AVAILABLE, 2 AVAILABLE, 3 AVAILABLE");
    expect([await byLabel(server, "beta"), await byLabel(server, "stable")]).toEqual(["200", "200"]);
    await models.write("models.config", `model_config_list { ${letters} }`);
    await server.until("digits", "1 END, 2 END, 3 END");
  }, 60_000);

  test("an invalid edit changes nothing and is logged with its position", async () => {
    await models.add("digits", "1");
    const file = join(models.path, "models.config");
    await models.write("models.config", configured({}));
    const server = await serving("--config", file);
    await models.write("models.config", 'model_config_list {\n  config { nmae: "digits" }\n}');
    const line = await server.line(
      `${file}:2:12: ModelConfig has no field "nmae"; it has name, base_path, model_type, model_platform, logging_config, model_version_policy, version_labels; it must be TensorFlow Serving's model_config_list, in protobuf's text format or as JSON`,
    );
    expect(line["code"]).toBe("ConfigurationInvalid");
    expect(await server.states("digits")).toBe("1 AVAILABLE");
    await models.write("models.config", configured({ stable: 1 }));
    for (let tries = 0; tries < 100 && (await byLabel(server, "stable")) !== "200"; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await byLabel(server, "stable")).toBe("200");
  });

  test("an invalid file ends the program like an invalid option", async () => {
    await models.write("models.json", '{"modelConfigList": {"config": [{"name": "digits"}]}}');
    const file = join(models.path, "models.json");
    const { code, log } = await start(["serve", "--config", file, ...anyPorts]).ended;
    expect([code, log.at(-1)?.["msg"]]).toEqual([64, `${file}: model "digits" has no base_path`]);
  });
});

describe("model control", () => {
  async function ask({ url }: ModelsServing, change: "load" | "unload", model: string): Promise<string> {
    const response = await fetch(`${url}/v2/repository/models/${model}/${change}`, { method: "POST" });
    return `${response.status} ${await response.text()}`.trim();
  }

  test("is refused without --model-control", async () => {
    await models.add("digits", "1");
    const server = await serving("--repository", models.path);
    expect(await ask(server, "unload", "digits")).toMatch(/^403 /);
    expect(await server.states("digits")).toBe("1 AVAILABLE");
  });

  test("unloads and reloads models, including changed ones", async () => {
    await models.add("digits", "1");
    await models.add("letters", "1");
    const server = await serving("--repository", models.path, "--model-control");
    expect(await ask(server, "unload", "digits")).toMatch(/^200/);
    expect([await server.states("digits"), await server.states("letters")]).toEqual(["1 END", "1 AVAILABLE"]);
    await models.add("digits", "2");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await server.states("digits")).toBe("1 END");
    expect(await ask(server, "load", "digits")).toMatch(/^200/);
    expect(await server.states("digits")).toBe("1 END, 2 AVAILABLE");
    expect(await ask(server, "load", "numbers")).toMatch(/^4\d\d .*numbers/);
    await models.add("broken", "1", digits.lambda);
    await server.until("broken", "1 END");
    expect(await ask(server, "load", "broken")).toMatch(/^4\d\d .*Lambda/);
  }, 60_000);
});
