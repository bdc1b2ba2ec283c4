// The explorer's searches, without counting branches: seconds, and minutes with the larger budgets of docs/explorer.md.
import { lanes, packageTests } from "../../vitest.shared.ts";

export default packageTests({
  include: ["src/explorer/**/*.test.ts"],
  reporters: ["default", ["json", { outputFile: ".reports/explore.json" }]],
  // As the clients' tests have it: in `npm run dev` the quick ones come first.
  maxWorkers: 2,
  sequence: { groupOrder: 1 },
  projects: lanes(
    [{ extends: true, test: { name: "short exploration" } }],
    [{ extends: true, test: { name: "long exploration", env: { EXPLORE: "long" } } }],
  ),
});
