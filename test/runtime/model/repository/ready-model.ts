import { systemClock } from "../../../../runtime/base/clock.ts";
import { defaultBatching, serveModel } from "../../../../runtime/dataplane/served-model.ts";
import { soleSignature } from "../../../../runtime/dataplane/signature.ts";
import type { ReadyModel } from "../../../../runtime/model/start-model.ts";
import type { RegisteredVersion } from "../../../../runtime/model/registry.ts";

/** Takes an entry to `Ready` with a model that echoes its inputs. */
export function readyModel(
  entry: RegisteredVersion,
  { name, version }: { readonly name: string; readonly version: number },
  unload: () => void = () => {},
): Promise<ReadyModel> {
  const signatures = soleSignature({ inputs: [], outputs: [] });
  const loaded = { engine: "Echo", signatures, weightBytes: 0, infer: <T>(inputs: T): T => inputs, unload };
  const served = serveModel(loaded, { name, version, batching: defaultBatching, clock: systemClock });
  entry.advance("fetched");
  entry.advance("verified");
  entry.load(served);
  entry.advance("warmed");
  return Promise.resolve({ served, format: "echo", digest: "", sizeBytes: 0, loadMs: 0 });
}
