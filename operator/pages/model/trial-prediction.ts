import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { Fault } from "../../../runtime/base/fault.ts";
import { modelHeader } from "../../../runtime/contract/route-table.ts";
import { declaredModel } from "../../model-deployment/resources/names.ts";

const trialTimeoutMs = 30_000;

/** Sends a prediction to the gateway and returns status line and body of the response, or the error, as text. */
export async function trialPrediction(
  gatewayUrl: string,
  { metadata, spec }: ModelDeployment,
  body: string,
): Promise<string> {
  const model = declaredModel(metadata.name, spec);
  try {
    const response = await fetch(`${gatewayUrl}/v1/models/${encodeURIComponent(model)}:predict`, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        [modelHeader]: `${metadata.namespace ?? "default"}/${metadata.name}`,
      },
      signal: AbortSignal.timeout(trialTimeoutMs),
    });
    return `${response.status} ${response.statusText}\n${await response.text()}`;
  } catch (thrown) {
    return `no answer from the gateway: ${Fault.from(thrown).message}`;
  }
}
