import { expect, test } from "vitest";

import type { ModelDeploymentSpec } from "../../../../../crds/v1alpha1/model-deployment.ts";
import { affinity } from "../../../../../operator/model-deployment/resources/pod/scheduling.ts";
import { modelDeployment } from "../../../../builders/model-deployment.ts";

const { spec } = modelDeployment();
const product = { key: "nvidia.com/gpu.product", operator: "In", values: ["NVIDIA-H100-80GB-HBM3"] };
const products = product.values;
const zone = { key: "zone", operator: "In", values: ["a"] };
const host = { key: "metadata.name", operator: "In", values: ["node-1"] };
const memory = (mebibytes: string) => ({ key: "nvidia.com/gpu.memory", operator: "Gt", values: [mebibytes] });

function required(...nodeSelectorTerms: readonly object[]): Readonly<Record<string, object>> {
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
}

const cases: Readonly<Record<string, { asked: Partial<ModelDeploymentSpec>; want: object | undefined }>> = {
  "no requirements on a GPU": { asked: { resources: { gpu: { count: 1 } } }, want: undefined },
  "one of some products": {
    asked: { resources: { gpu: { count: 1, products } } },
    want: required({ matchExpressions: [product] }),
  },
  "memory in gigabytes": {
    asked: { resources: { gpu: { count: 1, memory: "80G" } } },
    want: required({ matchExpressions: [memory("76293")] }),
  },
  "memory in whole gibibytes": {
    asked: { resources: { gpu: { count: 1, memory: "40Gi" } } },
    want: required({ matchExpressions: [memory("40959")] }),
  },
  "a byte of memory": {
    asked: { resources: { gpu: { count: 1, memory: 1 } } },
    want: required({ matchExpressions: [memory("0")] }),
  },
  "products and memory, beside each of the user's alternatives": {
    asked: {
      resources: { gpu: { count: 1, products, memory: "40Gi" } },
      scheduling: { affinity: required({ matchExpressions: [zone] }, { matchFields: [host] }) },
    },
    want: required(
      { matchExpressions: [zone, product, memory("40959")] },
      { matchFields: [host], matchExpressions: [product, memory("40959")] },
    ),
  },
};

test.each(Object.entries(cases))("%s", (_, { asked, want }) => {
  expect(affinity({ ...spec, ...asked })).toEqual(want);
});
