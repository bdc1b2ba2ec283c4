// Twenty lost connections to one server leave no handle, no listener and no memory behind.
import { leavesNothingBehind } from "./run/reconnect-cycles.test-support.ts";

leavesNothingBehind("single", 500);
