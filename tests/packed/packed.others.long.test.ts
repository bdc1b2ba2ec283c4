// The use of those public packages on the repository's own Node that packed.test.ts does not install.
import { ownNode } from "./node-versions.ts";
import { installedTests, otherPackages } from "./packed.ts";

installedTests([ownNode], otherPackages);
