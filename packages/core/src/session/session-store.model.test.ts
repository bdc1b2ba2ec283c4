// Random sequences of calls against the session store and a naive model of it: equal answers, at every step.
import fc from "fast-check";
import { it } from "vitest";
import { anyCommand } from "./session-model.test-support.ts";
import { World } from "./session-world.test-support.ts";

it("answers like the model, whatever is called in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyCommand, { minLength: 1, maxLength: 30, size: "max" }), async (commands) => {
      const world = new World();
      for (const one of commands) await world.run(one);
      await world.check();
    }),
    { numRuns: 300 },
  );
});
