// The shop of this folder, in two processes on one Redis.
import { fileURLToPath } from "node:url";
import { twoProcessesSuite } from "@tollbooth-stores/http-testkit/suites";

twoProcessesSuite(fileURLToPath(new URL("./shop-process.test-support.ts", import.meta.url)));
