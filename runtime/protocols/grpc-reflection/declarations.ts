import { type EnumType, type MessageType, message } from "../../base/protobuf/message.ts";
import type { RpcService } from "../rpc.ts";
import { type Declarations, packageOf, parentOf } from "./descriptors.ts";

/** All message and enum types that the methods of services use, directly or nested. */
export function reachableTypes(services: readonly RpcService[]): Declarations {
  const messages = new Map<string, MessageType<object>>();
  const enums = new Map<string, EnumType>();
  const visit = (type: MessageType<object>): void => {
    if (messages.has(type.name)) return;
    messages.set(type.name, type);
    for (const { shape } of Object.values(type.fields)) {
      if (shape.message !== undefined) visit(shape.message());
      if (shape.enumeration !== undefined) enums.set(shape.enumeration.name, shape.enumeration);
    }
  };
  for (const { methods } of services) {
    for (const { request, response } of Object.values(methods)) {
      visit(request);
      visit(response);
    }
  }
  for (const name of [...messages.keys(), ...enums.keys()]) addParents(name, messages);
  return { messages: [...messages.values()], enums: [...enums.values()] };
}

/** Adds the enclosing messages of a nested type, which may not be used themselves. */
function addParents(name: string, messages: Map<string, MessageType<object>>): void {
  const parent = parentOf(name);
  if (parent === packageOf(name) || messages.has(parent)) return;
  messages.set(parent, message(parent, {}));
  addParents(parent, messages);
}

/** Full names of the types of a message's fields. */
export function namedTypes(type: MessageType<object>): readonly string[] {
  return Object.values(type.fields).flatMap(({ shape }) => [
    ...(shape.message === undefined ? [] : [shape.message().name]),
    ...(shape.enumeration === undefined ? [] : [shape.enumeration.name]),
  ]);
}
