// Builds the control plane, a node where one can run, and kwok while tests run, at low priority so that it does not distort test times.
import { constants, setPriority } from "node:os";

import { controlPlaneBinary } from "../cluster/launch/binary.ts";
import { kwokProgram, whyNoKwok } from "../cluster/kwok/kwok.ts";
import { nodePrograms, whyNoNode } from "../cluster/node/programs.ts";

setPriority(constants.priority.PRIORITY_LOW);
await controlPlaneBinary();
if (whyNoNode() === undefined) await nodePrograms();
if (whyNoKwok() === undefined) await kwokProgram();
