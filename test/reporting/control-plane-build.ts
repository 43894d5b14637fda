// Builds the control plane, and a node where one can run, while tests run: last in line for the processor, so that their times stay theirs.
import { constants, setPriority } from "node:os";

import { controlPlaneBinary } from "../cluster/launch/binary.ts";
import { nodePrograms, whyNoNode } from "../cluster/node/programs.ts";

setPriority(constants.priority.PRIORITY_LOW);
await controlPlaneBinary();
if (whyNoNode() === undefined) await nodePrograms();
