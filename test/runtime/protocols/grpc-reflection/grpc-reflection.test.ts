import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../../../runtime/base/clock.ts";
import {
  type MessageType,
  many,
  message,
  nested,
  optional,
  plain,
  repeated,
} from "../../../../runtime/base/protobuf/message.ts";
import { grpcServices } from "../../../../runtime/grpc-services.ts";
import { type Caller, conversation, openCaller } from "../rpc/rpc-client.ts";
import { formulaRegistry } from "../formula-models.ts";

// grpc/reflection/v1/reflection.proto and google/protobuf/descriptor.proto, declared independently of the code under test.
const request = message("test.Request", {
  fileByFilename: optional(3, "string"),
  fileContainingSymbol: optional(4, "string"),
  allExtensionNumbersOfType: optional(6, "string"),
  listServices: optional(7, "string"),
});
const names = message("test.Services", {
  service: many(1, () => message("test.Service", { name: plain(1, "string") })),
});
const response = message("test.Response", {
  files: nested(4, () => message("test.Files", { file: repeated(1, "bytes") })),
  services: nested(6, () => names),
  error: nested(7, () => message("test.Error", { code: plain(1, "int32"), text: plain(2, "string") })),
});
interface Type {
  readonly name: string;
  readonly field: readonly { readonly name: string; readonly typeName: string }[];
  readonly nestedType: readonly Type[];
  readonly enumType: readonly { readonly name: string }[];
}
const field = message("test.Field", { name: plain(1, "string"), typeName: plain(6, "string") });
const enumeration = message("test.Enum", { name: plain(1, "string") });
const type: MessageType<Type> = message("test.Type", {
  name: plain(1, "string"),
  field: many(2, () => field),
  nestedType: many(3, () => type),
  enumType: many(4, () => enumeration),
});
const method = message("test.Method", {
  name: plain(1, "string"),
  input: plain(2, "string"),
  output: plain(3, "string"),
});
const service = message("test.Service", { name: plain(1, "string"), method: many(2, () => method) });
const file = message("test.File", {
  name: plain(1, "string"),
  pack: plain(2, "string"),
  dependency: repeated(3, "string"),
  messageType: many(4, () => type),
  enumType: many(5, () => enumeration),
  service: many(6, () => service),
});

let caller: Caller;
beforeAll(async () => {
  const models = await formulaRegistry([]);
  const server = { name: "modelwright", version: "1" };
  caller = await openCaller(
    grpcServices({ models, instrumented: (unseen) => unseen, server, isDraining: () => false, clock: systemClock }),
  );
});
afterAll(() => caller.close());

type Asked = Parameters<typeof request.encode>[0];

async function ask(version: string, ...asked: readonly Asked[]) {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const answers = await conversation(
    caller,
    path,
    asked.map((draft) => request.encode(draft)),
  );
  return answers.map((bytes) => response.decode(bytes));
}

async function filesOf(symbol: string) {
  const [answer] = await ask("v1", { fileContainingSymbol: symbol });
  return answer?.files?.file.map((bytes) => file.decode(bytes)) ?? [];
}

/** Full names of all types that files declare, and of all that they refer to. */
function declared(files: Awaited<ReturnType<typeof filesOf>>): {
  readonly has: Set<string>;
  readonly needs: Set<string>;
} {
  const has = new Set<string>();
  const needs = new Set<string>();
  const visit = (within: string, { name, field, nestedType, enumType }: Type): void => {
    const full = `${within}.${name}`;
    has.add(full);
    for (const { typeName } of field) if (typeName !== "") needs.add(typeName);
    for (const { name } of enumType) has.add(`${full}.${name}`);
    for (const inner of nestedType) visit(full, inner);
  };
  for (const { pack, messageType, enumType, service } of files) {
    for (const outer of messageType) visit(`.${pack}`, outer);
    for (const { name } of enumType) has.add(`.${pack}.${name}`);
    for (const { input, output } of service.flatMap(({ method }) => method)) needs.add(input).add(output);
  }
  return { has, needs };
}

const services = [
  "tensorflow.serving.PredictionService",
  "tensorflow.serving.ModelService",
  "inference.GRPCInferenceService",
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
];

describe("grpc.reflection", () => {
  test.each(["v1", "v1alpha"])("%s lists the services", async (version) => {
    const [answer] = await ask(version, { listServices: "" });
    expect(answer?.services?.service.map(({ name }) => name)).toEqual(services);
  });

  test.each(services)("describes %s and all its dependencies", async (name) => {
    const files = await filesOf(name);
    const { has, needs } = declared(files);
    expect([...needs].filter((needed) => !has.has(needed))).toEqual([]);
    const [first] = files;
    expect(first?.service.map(({ name }) => `${first.pack}.${name}`)).toContain(name);
    const present = new Set(files.map(({ name }) => name));
    expect(files.flatMap(({ dependency }) => dependency).filter((needed) => !present.has(needed))).toEqual([]);
  });

  test("finds files by name, and by message, method or nested type", async () => {
    const symbols = [
      "tensorflow.TensorProto",
      ".tensorflow.TensorShapeProto.Dim",
      "inference.GRPCInferenceService.ModelInfer",
      "tensorflow.serving.FileSystemStoragePathSourceConfig.ServableVersionPolicy.Latest",
    ];
    const answers = await ask("v1", ...symbols.map((fileContainingSymbol) => ({ fileContainingSymbol })), {
      fileByFilename: "google/protobuf/wrappers.proto",
    });
    const first = answers.map(({ files }) => file.decode(files?.file[0] ?? Buffer.alloc(0)).name);
    expect(first).toEqual([
      "tensorflow.proto",
      "tensorflow.proto",
      "inference.proto",
      "tensorflow/serving.proto",
      "google/protobuf/wrappers.proto",
    ]);
  });

  test("reports an unknown symbol, and goes on", async () => {
    const answers = await ask(
      "v1",
      { fileContainingSymbol: "nope.Nothing" },
      { fileByFilename: "nope.proto" },
      { allExtensionNumbersOfType: "tensorflow.TensorProto" },
      {},
    );
    expect(answers.map(({ error }) => error && `${error.code} ${error.text}`)).toEqual([
      "5 not found: nope.Nothing",
      "5 not found: nope.proto",
      undefined,
      "5 not found: extensions: there are none",
    ]);
  });
});
