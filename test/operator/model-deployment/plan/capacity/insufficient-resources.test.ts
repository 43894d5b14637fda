import { expect, test } from "vitest";

import { insufficientResources } from "../../../../../operator/model-deployment/plan/capacity/insufficient-resources.ts";

test.each([
  {
    sentence:
      "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
    resources: ["nvidia.com/gpu"],
  },
  {
    sentence:
      "0/3 nodes are available: 1 Insufficient memory, 1 Insufficient cpu, 2 Insufficient nvidia.com/mig-1g.10gb.",
    resources: ["memory", "cpu", "nvidia.com/mig-1g.10gb"],
  },
  { sentence: "0/2 nodes are available: 2 Too many pods.", resources: ["pods"] },
  { sentence: "0/2 nodes are available: 2 cannot allocate all claims.", resources: ["claims"] },
  { sentence: "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.", resources: [] },
  {
    sentence:
      'pods "digits-x" is forbidden: exceeded quota: gpus, requested: limits.cpu=1,requests.nvidia.com/gpu=1,count/pods=1, used: limits.cpu=2, limited: limits.cpu=2',
    resources: ["cpu", "nvidia.com/gpu", "pods"],
  },
  { sentence: 'pods "digits-x" is forbidden: failed quota: q: must specify limits.cpu', resources: [] },
  { sentence: 'pods "digits-x" is forbidden: violates PodSecurity "restricted:latest"', resources: [] },
])("“$sentence” reports a shortage of $resources", ({ sentence, resources }) => {
  expect(insufficientResources(sentence)).toEqual(resources);
});
