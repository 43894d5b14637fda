import { expect, test } from "vitest";

import { needControlPlane } from "./early-build.ts";

test.each([
  ["test/cluster/control-plane.test.ts", true],
  ["test/architecture.test.ts", false],
  ["test/reporting/early-build.test.ts", false],
])("whether %s needs the control plane: %s", (path, isNeeded) => expect(needControlPlane([path])).toBe(isNeeded));
