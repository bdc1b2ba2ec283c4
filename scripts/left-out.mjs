// Prints what `npm test` left to `npm run test:all`. Run by scripts/test.mjs on the repository's own Node.
import { longLanes, longTestFiles } from "./tiers.mjs";
import { testedFolders } from "./workspace-folders.mjs";

console.log("\nLeft to `npm run test:all`:");
for (const folder of testedFolders()) {
  for (const lane of await longLanes(folder)) console.log(`  ${folder}: again as "${lane}"`);
  for (const { path, about } of longTestFiles(folder)) console.log(`  ${path}: ${about}`);
}
