// Every public package's use on the lowest Node 20 that is supported, and on the lowest Node 22.
import { otherNodes } from "./node-versions.ts";
import { installedTests, strictInstallTests } from "./packed.ts";

installedTests(otherNodes);
strictInstallTests(otherNodes);
