// Builds the control plane while tests run: last in line for the processor, so that their times stay theirs.
import { constants, setPriority } from "node:os";

import { controlPlaneBinary } from "../cluster/launch/binary.ts";

setPriority(constants.priority.PRIORITY_LOW);
await controlPlaneBinary();
