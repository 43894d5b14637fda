// Setup file of tests on the real control plane: waits for its build, which would exceed the time limit of hooks.
import { controlPlaneBinary, whyNoControlPlane } from "../cluster/launch/binary.ts";

if (whyNoControlPlane() === undefined) await controlPlaneBinary();
