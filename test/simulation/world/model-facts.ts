import { isDeepStrictEqual } from "node:util";
import type { AskedPod, ModelFactsSource } from "../../../operator/signals/model-facts.ts";
import type { ApiServer } from "../../../operator/local/api-server/api-server.ts";
import type { Clock } from "../../../runtime/base/clock.ts";
import type { ModelFacts } from "../../../runtime/contract/model-facts.ts";
import type { InPlacePods } from "./in-place-pods.ts";
import type { Process } from "./process.ts";

/** Simulates the runtimes' admin ports: every pod answers after a short delay. */
export function createModelFacts(
  server: ApiServer,
  clock: Clock,
  inPlacePods: InPlacePods,
): { source(process: Process): ModelFactsSource } {
  return {
    source(process) {
      const known = new Map<string, ModelFacts | undefined>();
      const askedAt = new Map<string, string>();
      const asking = new Set<string>();
      const question = ({ uid, resourceVersion }: AskedPod, onFacts: () => void): void => {
        asking.add(uid);
        const answer = clock.sleep(20).then(() => factsOf(server, uid, inPlacePods));
        void process.delivered(answer).then((facts) => {
          asking.delete(uid);
          if (facts !== undefined) askedAt.set(uid, resourceVersion);
          if (!known.has(uid) || facts === undefined || isDeepStrictEqual(facts, known.get(uid))) return;
          known.set(uid, facts);
          onFacts();
        });
      };
      return {
        facts: (uid) => known.get(uid),
        askedAt: (uid) => askedAt.get(uid),
        forget: (uid) => void known.delete(uid),
        ask(pod, onFacts) {
          if (known.has(pod.uid)) return;
          known.set(pod.uid, undefined);
          question(pod, onFacts);
        },
        refresh(pod, onFacts) {
          if (asking.has(pod.uid)) return;
          if (!known.has(pod.uid)) known.set(pod.uid, undefined);
          question(pod, onFacts);
        },
      };
    },
  };
}

function factsOf(server: ApiServer, uid: string, inPlacePods: InPlacePods): ModelFacts | undefined {
  const pod = server.store
    .collection("pods.")
    .records("default")
    .find(({ object }) => object.metadata.uid === uid)?.object;
  if (pod === undefined) return undefined;
  const inPlace = inPlacePods.facts(uid);
  return {
    name: "shop",
    version: "1",
    state: "Ready",
    format: "Keras",
    engine: "TensorFlowJs",
    digest: `sha256:${inPlacePods.served(pod)}`,
    bytes: 1_000,
    signature: "x → y",
    ...(inPlace === undefined ? {} : { inPlace }),
  };
}
