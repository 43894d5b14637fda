import type { RpcService } from "../rpc.ts";
import { namedTypes, reachableTypes } from "./declarations.ts";
import {
  type Declarations,
  type FileDescriptor,
  type ServiceDescriptor,
  enumDescriptorOf,
  fileDescriptor,
  lastPart,
  messageDescriptor,
  packageOf,
  parentOf,
} from "./descriptors.ts";

/** File descriptors of services. */
export interface DescribedFiles {
  /** The serialized descriptor of a file, followed by those of its dependencies; `undefined` for an unknown file. */
  named(file: string): readonly Uint8Array[] | undefined;
  /** The same for the file that declares a service, method, message or enum. */
  declaring(symbol: string): readonly Uint8Array[] | undefined;
}

interface File {
  readonly bytes: Uint8Array;
  readonly dependencies: readonly string[];
}

/** Files of well-known types, which clients have under these names. */
const wellKnown: Readonly<Record<string, string>> = {
  "google.protobuf.Any": "google/protobuf/any.proto",
  "google.protobuf.Int64Value": "google/protobuf/wrappers.proto",
};

/** Describes services, one file per package: types of a package may refer to each other in a cycle, files may not. */
export function describedFiles(services: readonly RpcService[]): DescribedFiles {
  const all = reachableTypes(services);
  const symbols = symbolFiles(services, all);
  const files = new Map(Array.from(new Set(symbols.values()), (name) => [name, described(name, services, all)]));
  const named = (file: string): readonly Uint8Array[] | undefined =>
    files.has(file) ? closure(files, file) : undefined;
  return {
    named,
    declaring: (symbol) => {
      const file = symbols.get(symbol);
      return file === undefined ? undefined : named(file);
    },
  };
}

function fileOf(name: string): string {
  return wellKnown[name] ?? `${packageOf(name).replaceAll(".", "/")}.proto`;
}

function symbolFiles(services: readonly RpcService[], { messages, enums }: Declarations): ReadonlyMap<string, string> {
  const names = [
    ...[...messages, ...enums].map(({ name }) => name),
    ...services.flatMap(({ name, methods }) => [name, ...Object.keys(methods).map((method) => `${name}.${method}`)]),
  ];
  return new Map(names.map((name) => [name, fileOf(name)]));
}

function described(file: string, services: readonly RpcService[], all: Declarations): File {
  const isHere = ({ name }: { readonly name: string }): boolean => fileOf(name) === file;
  const isOutermost = ({ name }: { readonly name: string }): boolean => parentOf(name) === packageOf(name);
  const messages = all.messages.filter(isHere);
  const here = services.filter(isHere);
  const needed = [
    ...messages.flatMap(namedTypes),
    ...here.flatMap(({ methods }) =>
      Object.values(methods).flatMap((method) => [method.request, method.response].map(({ name }) => name)),
    ),
  ];
  const dependencies = [...new Set(needed.map(fileOf))].filter((name) => name !== file);
  const [first] = [...messages, ...all.enums.filter(isHere), ...here];
  const descriptor: FileDescriptor = {
    name: file,
    package: packageOf(first?.name ?? ""),
    dependency: dependencies,
    messageType: messages.filter(isOutermost).map((type) => messageDescriptor(type, all)),
    enumType: all.enums.filter((type) => isHere(type) && isOutermost(type)).map(enumDescriptorOf),
    service: here.map(serviceDescriptorOf),
    syntax: "proto3",
  };
  return { bytes: fileDescriptor.encode(descriptor), dependencies };
}

function serviceDescriptorOf({ name, methods }: RpcService): ServiceDescriptor {
  return {
    name: lastPart(name),
    method: Object.entries(methods).map(([method, { request, response, ...kind }]) => ({
      name: method,
      inputType: `.${request.name}`,
      outputType: `.${response.name}`,
      ...("isClientStreaming" in kind && kind.isClientStreaming ? { clientStreaming: true } : {}),
      ...(kind.kind === "stream" ? { serverStreaming: true } : {}),
    })),
  };
}

/** A file and its transitive dependencies, each once. */
function closure(files: ReadonlyMap<string, File>, first: string): readonly Uint8Array[] {
  const wanted = new Set([first]);
  for (const name of wanted) for (const needed of files.get(name)?.dependencies ?? []) wanted.add(needed);
  return Array.from(wanted).flatMap((name) => files.get(name)?.bytes ?? []);
}
