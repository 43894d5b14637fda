// Setup file of tests on the real control plane: waits for its build, so that no hook's time limit pays for it.
import { controlPlaneBinary, whyNotHere } from "../cluster/launch/binary.ts";

if (whyNotHere() === undefined) await controlPlaneBinary();
