// Twenty lost connections to each node of a cluster leave no handle, no listener and no memory behind.
import { leavesNothingBehind } from "./run/reconnect-cycles.test-support.ts";

leavesNothingBehind("cluster", 1_500);
