// Prints what `npm test` left to `npm run test:all`, and what neither runs. Run by scripts/test.mjs on the repository's Node.
import { byHand, longLanes, longTestFiles } from "./tiers.mjs";
import { testedFolders } from "./workspace-folders.mjs";

if (process.env.TOLLBOOTH_TESTS !== "all") {
  console.log("\nLeft to `npm run test:all`:");
  for (const folder of testedFolders()) {
    for (const lane of await longLanes(folder)) console.log(`  ${folder}: again as "${lane}"`);
    for (const { path, about } of longTestFiles(folder)) console.log(`  ${path}: ${about}`);
  }
}
console.log("\nRun by hand only, by neither `npm test` nor `npm run test:all`:");
for (const { folder, script, about } of byHand) console.log(`  \`${script}\` in ${folder}: ${about}`);
