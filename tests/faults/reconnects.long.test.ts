// Twenty lost connections to one server, and to each node of a cluster, leave no handle, listener or memory behind.
import { leavesNothingBehind } from "./run/reconnect-cycles.test-support.ts";

leavesNothingBehind("single", 500);
leavesNothingBehind("cluster", 1_500);
