import { expect, test } from "vitest";

import { offender } from "../architecture/rule.ts";
import { controlPlaneTests } from "./control-plane-tests.ts";

const files = [
  offender("test/cluster/control-plane.ts", "export const startControlPlane = 1;"),
  offender("test/cluster/shared.ts", 'import { startControlPlane } from "./control-plane.ts";'),
  offender("test/cluster/node.ts", 'import { startControlPlane } from "./control-plane.ts";'),
  offender("test/cluster/node.test.ts", 'import { startNode } from "./node.ts";'),
  offender("test/cluster/own.test.ts", 'import { startControlPlane } from "./control-plane.ts";'),
  offender("test/cluster/faults/outages.test.ts", 'import { startControlPlane } from "../control-plane.ts";'),
  offender("test/operator/kube/client.test.ts", 'import { sharedControlPlane } from "../../cluster/shared.ts";'),
  offender("test/operator/kube/types.test.ts", 'import type { ControlPlane } from "../../cluster/control-plane.ts";'),
  offender("test/operator/loop/queue.test.ts", 'import { queue } from "../../../operator/loop/queue.ts";'),
];

test("a test file runs a control plane if it imports it, directly or indirectly", () => {
  expect(controlPlaneTests(files)).toEqual({
    own: ["test/cluster/node.test.ts", "test/cluster/own.test.ts"],
    alone: ["test/cluster/faults/outages.test.ts", "test/operator/kube/client.test.ts"],
  });
});
