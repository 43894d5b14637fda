import type { Models } from "../../protocol.ts";
import { type RpcService, unary } from "../../rpc.ts";
import { changeRepository, checkLoadParameters, repositoryIndex } from "../models/repository.ts";
import * as messages from "./repository-messages.ts";

interface Change {
  readonly repositoryName: string;
  readonly modelName: string;
  readonly parameters: ReadonlyMap<string, object>;
}

/** The model repository extension. Accepts the requests of both Triton and KServe, which number the fields differently. */
export function repositoryMethods(models: Models): RpcService["methods"] {
  const applyChange = async (
    kind: "load" | "unload",
    { repositoryName, modelName, parameters }: Change,
  ): Promise<string> => {
    const name = modelName === "" ? repositoryName : modelName;
    if (models.control !== undefined) checkLoadParameters(parameters.keys());
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
      async (request) => ({ modelName: await applyChange("load", request), isLoaded: true }),
    ),
    RepositoryModelUnload: unary(
      { request: messages.repositoryModelUnloadRequest, response: messages.repositoryModelUnloadResponse },
      async (request) => ({ modelName: await applyChange("unload", request), isUnloaded: true }),
    ),
  };
}
