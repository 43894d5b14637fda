import { Fault } from "../../../runtime/base/fault.ts";
import type { ServiceAccount } from "../../kube/kinds.ts";
import { resources } from "../../kube/resources.ts";
import { type Controller, createController } from "../../loop/controller.ts";
import type { ControllerContext } from "./controllers.ts";

/** Creates the service account `default` in every namespace. */
export function defaultServiceAccountController({ client, namespaces, clock, log }: ControllerContext): Controller {
  const controller = createController({
    name: "default-service-account",
    clock,
    log,
    reconcile: async (namespace) => {
      const found = namespaces.find({ name: namespace });
      if (found === undefined || found.metadata.deletionTimestamp !== undefined) return {};
      const account: ServiceAccount = {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "default", namespace },
      };
      try {
        await client.create(resources.serviceAccounts, account);
      } catch (thrown) {
        const fault = Fault.from(thrown);
        if (fault.code !== "AlreadyExists") throw fault;
      }
      return {};
    },
  });
  namespaces.subscribe(({ type, object }) => {
    if (type === "added") controller.add(object.metadata.name);
  });
  return controller;
}
