import type { ModelFactsSource } from "../../../operator/signals/model-facts.ts";
import type { ApiServer } from "../../../operator/local/api-server/api-server.ts";
import type { Clock } from "../../../runtime/base/clock.ts";
import type { ModelFacts } from "../../../runtime/contract/model-facts.ts";
import { modelOf } from "./kubelet.ts";
import type { Process } from "./process.ts";

/** Simulates the runtimes' admin ports: every pod answers after a short delay. */
export function createModelFacts(server: ApiServer, clock: Clock): { source(process: Process): ModelFactsSource } {
  return {
    source(process) {
      const known = new Map<string, ModelFacts | undefined>();
      return {
        facts: (uid) => known.get(uid),
        forget: (uid) => void known.delete(uid),
        ask({ uid }, onFacts) {
          if (known.has(uid)) return;
          known.set(uid, undefined);
          const answer = clock.sleep(20).then(() => factsOf(server, uid));
          void process.delivered(answer).then((facts) => {
            if (!known.has(uid) || facts === undefined) return;
            known.set(uid, facts);
            onFacts();
          });
        },
      };
    },
  };
}

function factsOf(server: ApiServer, uid: string): ModelFacts | undefined {
  const pod = server.store
    .collection("pods.")
    .records("default")
    .find(({ object }) => object.metadata.uid === uid)?.object;
  if (pod === undefined) return undefined;
  const model = modelOf(pod);
  return {
    name: "shop",
    version: "1",
    state: "Ready",
    format: "Keras",
    engine: "TensorFlowJs",
    digest: `sha256:${model}`,
    bytes: 1_000,
    signature: "x → y",
  };
}
