import type { Models } from "../../protocol.ts";
import { type RpcService, unary } from "../../rpc.ts";
import { changeRepository, repositoryIndex } from "../models/repository.ts";
import * as messages from "./repository-messages.ts";
import { refuseForeign } from "./request.ts";

interface Change {
  readonly repositoryName: string;
  readonly modelName: string;
  readonly parameters: ReadonlyMap<string, object>;
}

/** The model repository extension. Triton and KServe number the fields of its requests differently: both are understood. */
export function repositoryMethods(models: Models): RpcService["methods"] {
  const changed = async (
    kind: "load" | "unload",
    { repositoryName, modelName, parameters }: Change,
  ): Promise<string> => {
    const name = modelName === "" ? repositoryName : modelName;
    if (models.control !== undefined) refuseForeign(parameters, "parameters", { config: "model configuration" });
    await changeRepository(models, kind, name);
    return name;
  };
  return {
    RepositoryIndex: unary(
      { request: messages.repositoryIndexRequest, response: messages.repositoryIndexResponse },
      ({ ready }) => ({ models: repositoryIndex(models, ready) }),
    ),
    RepositoryModelLoad: unary(
      { request: messages.repositoryModelLoadRequest, response: messages.repositoryModelLoadResponse },
      async (request) => ({ modelName: await changed("load", request), isLoaded: true }),
    ),
    RepositoryModelUnload: unary(
      { request: messages.repositoryModelUnloadRequest, response: messages.repositoryModelUnloadResponse },
      async (request) => ({ modelName: await changed("unload", request), isUnloaded: true }),
    ),
  };
}
