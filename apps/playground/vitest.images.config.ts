import { packageTests } from "../../vitest.shared.ts";

// `npm run screenshot`. Its own configuration, so that no test run takes pictures for the README.
export default packageTests({
  include: ["src/browser/readme-images.ts"],
  reporters: ["default"],
  testTimeout: 180_000,
});
