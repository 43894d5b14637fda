import { expect, test } from "vitest";

import { eventProjection } from "../../../../operator/kube/json/event-projection.ts";
import { endpointSlices } from "../../../../operator/model-deployment/resources/endpoint-slice.ts";
import { keptMembers } from "../../../../operator/model-deployment/resources/kept-members.ts";
import { podDisruptionBudget } from "../../../../operator/model-deployment/resources/pod-disruption-budget.ts";
import { serviceAccount } from "../../../../operator/model-deployment/resources/service-account.ts";
import { service } from "../../../../operator/model-deployment/resources/service.ts";

const identity = { namespace: "a", name: "b", uid: "c", resourceVersion: "1", generation: 1, createdAt: "" };
const gateways = [{ pod: "gateway", address: "10.0.0.1" }];

test.each([
  { builder: "the ServiceAccount", object: serviceAccount(identity), keep: keptMembers.serviceAccount },
  { builder: "the Service", object: service(identity, 20_000), keep: keptMembers.service },
  {
    builder: "the EndpointSlice",
    object: endpointSlices(identity, 20_000, gateways)[0] ?? {},
    keep: keptMembers.endpointSlice,
  },
  {
    builder: "the PodDisruptionBudget",
    object: podDisruptionBudget(identity),
    keep: keptMembers.podDisruptionBudget,
  },
])("every field that the builder $builder writes is kept in the cache, because it is compared", ({ object, keep }) => {
  expect(eventProjection(keep).project(object)).toEqual(object);
});
