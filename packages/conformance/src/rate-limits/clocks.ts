// Rate limits 13: clocks that are wrong, and a backend's clock that steps back.
import assert from "node:assert/strict";
import { algorithms, checkOf, costing, minute, type RateLimitProperty, toWindowStart } from "./checks.ts";

/** From a correction of a millisecond to a clock that was a year ahead. */
const stepsBackMs = [1, 2, minute / 2, minute, 1.5 * minute, 2 * minute, 60 * minute, 31_536_000_000];

export const clockProperties: readonly RateLimitProperty[] = [
  {
    id: "rate-limits/13a",
    title: "an instance clock wrong by ten minutes changes no decision",
    needs: ["skewed"],
    async run(bench) {
      const namespace = bench.namespace();
      const right = await bench.open(namespace);
      for (const skewMs of [-600_000, 600_000]) {
        const wrong = await bench.keep(bench.probe("skewed")(namespace, skewMs));
        for (const algorithm of algorithms) {
          const check = checkOf(algorithm, 4, { client: `${algorithm} ${skewMs}` });
          await right.consume(costing(check, 3));
          await bench.advance(10_000);
          assert.deepEqual(await wrong.peek(check), await right.peek(check), `${algorithm}, ${skewMs} ms`);
          await wrong.consume(costing(check, 4));
          assert.equal(
            (await wrong.consume(costing(check, 4))).allowed,
            false,
            `${algorithm}, ${skewMs} ms: nothing is free`,
          );
          assert.deepEqual(await wrong.peek(check), await right.peek(check), `${algorithm}, ${skewMs} ms, afterwards`);
        }
      }
    },
  },
  {
    id: "rate-limits/13b",
    title: "a backend clock that steps back locks a client that keeps asking out for at most two windows",
    needs: ["stepBack"],
    async run(bench) {
      const store = await bench.open();
      const stepBack = bench.probe("stepBack");
      for (const algorithm of algorithms) {
        for (const backMs of stepsBackMs) {
          for (const charges of [1, 2]) {
            const check = checkOf(algorithm, 5, { client: `${algorithm} ${backMs} ${charges}` });
            for (let charge = 0; charge < charges; charge += 1) await store.charge(costing(check, 5));
            await stepBack(backMs);
            let waitedMs = 0;
            for (let asked = await store.consume(check); !asked.allowed; asked = await store.consume(check)) {
              const what = `${algorithm}, ${charges} times the limit taken, ${backMs} ms back`;
              assert.ok(asked.retryAfterMs !== null && asked.retryAfterMs > 0, what);
              const pauseMs = Math.min(asked.retryAfterMs, 25_000);
              await bench.advance(pauseMs);
              waitedMs += pauseMs;
              assert.ok(waitedMs <= 2 * minute, `${what}: still denied after ${waitedMs} ms`);
            }
          }
        }
      }
    },
  },
  {
    id: "rate-limits/13c",
    title: "a backend clock that steps back forgets nothing that was taken",
    needs: ["stepBack"],
    async run(bench) {
      const store = await bench.open();
      const stepBack = bench.probe("stepBack");
      for (const algorithm of algorithms) {
        for (const backMs of stepsBackMs) {
          for (const [costs, left] of [
            [[3], 2],
            [[5], 0],
            [[5, 5], 0],
          ] as const) {
            await toWindowStart(bench, store, minute);
            await bench.advance(1);
            const check = checkOf(algorithm, 5, { client: `${algorithm} ${backMs} ${costs}` });
            for (const cost of costs) await store.charge(costing(check, cost));
            await stepBack(backMs);
            const what = `${algorithm}, ${costs} taken of 5, ${backMs} ms back`;
            assert.ok((await store.peek(check)).remaining <= left, what);
            assert.equal((await store.consume(costing(check, left + 1))).allowed, false, what);
            // Back where it was, as after a correction of a clock that was right.
            await bench.advance(Math.min(backMs, 2));
            assert.ok((await store.peek(check)).remaining <= left, `${what} and forth again`);
          }
        }
      }
    },
  },
];
