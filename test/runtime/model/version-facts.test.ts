import { expect, test } from "vitest";
import { systemClock } from "../../../runtime/base/clock.ts";
import type { ModelState } from "../../../runtime/contract/model-facts.ts";
import { defaultBatching, serveModel } from "../../../runtime/dataplane/served-model.ts";
import { defaultSignature } from "../../../runtime/dataplane/signature.ts";
import type { LoadedModel } from "../../../runtime/engines/engine.ts";
import { overallState, versionFacts } from "../../../runtime/model/version-facts.ts";
import type { Models } from "../../../runtime/protocols/protocol.ts";

function models(isReady: boolean, ...states: readonly ModelState[]): Models {
  return {
    names: () => states.map((_, i) => `m${i}`),
    find: () => undefined,
    hasLabel: () => false,
    versions: (name) => states.flatMap((state, i) => (name === `m${i}` ? [{ version: 1, state }] : [])),
    isReady: () => isReady,
  };
}

test("the overall state is the earliest state of any version that is not ready", () => {
  expect(overallState(models(false))).toBe("Fetching");
  expect(overallState(models(false, "Ready", "Loading", "Warming"))).toBe("Loading");
  expect(overallState(models(false, "Failed", "Warming"))).toBe("Warming");
  expect(overallState(models(false, "Failed"))).toBe("Failed");
  expect(overallState(models(true, "Ready", "Failed", "Loading"))).toBe("Ready");
});

test("the facts of a version that is not loaded are its name, number and state", () => {
  expect(versionFacts({ name: "digits", version: "3", state: "Loading" }, undefined)).toEqual({
    name: "digits",
    version: "3",
    state: "Loading",
    format: "",
    engine: "",
    digest: "",
    bytes: 0,
    signature: "",
  });
});

test("the facts of a loaded version list its signatures in parts, the default one first", () => {
  const x = { name: "x", dtype: "float32" as const, shape: [-1, 2] };
  const given = {
    ...x,
    name: "scale",
    shape: [],
    default: { dtype: "float32" as const, shape: [], data: new Float32Array(1) },
  };
  const loaded: LoadedModel = {
    engine: "Identity/test",
    weightBytes: 0,
    signatures: new Map([
      ["embed", { inputs: [x], outputs: [{ ...x, name: "any", anyShape: true as const }] }],
      [defaultSignature, { inputs: [x, given], outputs: [{ ...x, name: "y" }] }],
    ]),
    infer: (inputs) => inputs,
    unload: () => {},
  };
  const served = serveModel(loaded, { name: "digits", version: 3, batching: defaultBatching, clock: systemClock });
  const ready = { served, format: "Keras", digest: "sha256:aa", sizeBytes: 9, loadMs: 1 };
  expect(versionFacts({ name: "digits", version: "3", state: "Ready" }, ready)).toEqual({
    name: "digits",
    version: "3",
    state: "Ready",
    format: "Keras",
    engine: "Identity/test",
    digest: "sha256:aa",
    bytes: 9,
    signature: "x: float32[-1,2], scale: float32[] → y: float32[-1,2]",
    signatures: [
      {
        name: "serving_default",
        inputs: [
          { name: "x", dtype: "float32", shape: [-1, 2] },
          { name: "scale", dtype: "float32", shape: [], isOptional: true },
        ],
        outputs: [{ name: "y", dtype: "float32", shape: [-1, 2] }],
      },
      {
        name: "embed",
        inputs: [{ name: "x", dtype: "float32", shape: [-1, 2] }],
        outputs: [{ name: "any", dtype: "float32" }],
      },
    ],
  });
});
