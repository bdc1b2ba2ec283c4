// Rate limits 8: several checks at once, all or nothing.
import assert from "node:assert/strict";
import { atOnce, rejectsWith } from "../assertions.ts";
import { algorithms, checkOf, costing, countAllowed, plain, type RateLimitProperty } from "./checks.ts";

export const togetherProperties: readonly RateLimitProperty[] = [
  {
    id: "rate-limits/8a",
    title: "consumeAll: one denial charges none, and each decision is what its check alone would have got",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const wide = checkOf(algorithm, 10, { route: "wide", cost: 3 });
        const tight = checkOf(algorithm, 2, { route: "tight" });
        await store.consume(costing(wide, 1));
        await store.consume(costing(tight, 2));
        const before = [await store.peek(wide), await store.peek(tight)];
        const denied = await store.consumeAll([wide, tight]);
        assert.equal(denied.allowed, false, algorithm);
        assert.deepEqual(
          [await store.peek(wide), await store.peek(tight)],
          before,
          `${algorithm}: something was charged`,
        );
        assert.ok(
          denied.decisions.every(({ receipt }) => receipt === undefined),
          `${algorithm}: a receipt for nothing`,
        );
        // A twin with the same past shows what each check alone gets.
        const twin = { ...wide, client: "twin" };
        await store.consume(costing(twin, 1));
        assert.deepEqual(denied.decisions[0], plain(await store.consume(twin)), `${algorithm}: the one that would fit`);
        assert.deepEqual(denied.decisions[1], await store.consume(tight), `${algorithm}: the one that does not`);
        const allowed = await store.consumeAll([wide, costing(wide, 0)]);
        assert.equal(allowed.allowed, true, `${algorithm}: both fit`);
        assert.equal((await store.peek(wide)).remaining, 6, `${algorithm}: both were charged`);
      }
      assert.deepEqual(await store.consumeAll([]), { allowed: true, atomic: true, decisions: [] });
    },
  },
  {
    id: "rate-limits/8b",
    title: "consumeAll: the order of the checks does not matter",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        for (const costs of [
          [1, 2, 3],
          [1, 2, 9],
          [6, 1, 1],
        ]) {
          const checks = (client: string) =>
            costs.map((cost, index) => checkOf(algorithm, 5, { client, cost, route: `r${index}` }));
          const forwards = checks(`forwards ${costs}`);
          const backwards = checks(`backwards ${costs}`).reverse();
          const one = await store.consumeAll(forwards);
          const other = await store.consumeAll(backwards);
          assert.equal(one.allowed, other.allowed, `${algorithm}, costs ${costs}`);
          assert.deepEqual(
            one.decisions.map(plain),
            other.decisions.map(plain).reverse(),
            `${algorithm}, costs ${costs}`,
          );
          for (const [index, check] of forwards.entries()) {
            const mirrored = backwards[backwards.length - 1 - index];
            assert.ok(mirrored !== undefined);
            assert.deepEqual(
              await store.peek(check),
              await store.peek(mirrored),
              `${algorithm}, costs ${costs}: left behind`,
            );
          }
        }
      }
    },
  },
  {
    id: "rate-limits/8c",
    title: "consumeAll: a check given twice counts twice",
    async run(bench) {
      const store = await bench.open();
      for (const algorithm of algorithms) {
        const check = checkOf(algorithm, 5, { cost: 3 });
        const denied = await store.consumeAll([check, check]);
        assert.equal(denied.allowed, false, `${algorithm}: six of five`);
        assert.equal((await store.peek(check)).remaining, 5, `${algorithm}: nothing was charged`);
        assert.deepEqual(
          denied.decisions.map(({ allowed }) => allowed),
          [true, true],
          `${algorithm}: each alone would fit`,
        );
        const two = await store.consumeAll([costing(check, 2), costing(check, 2)]);
        assert.equal(two.allowed, true, `${algorithm}: four of five`);
        assert.equal((await store.peek(check)).remaining, 1, `${algorithm}: four were charged`);
      }
    },
  },
  {
    id: "rate-limits/8d",
    title: "racing consumeAlls never charge in part, over two instances too",
    needs: ["instances"],
    async run(bench) {
      const namespace = bench.namespace();
      const stores = [await bench.open(namespace), await bench.open(namespace)];
      for (const algorithm of algorithms) {
        for (const { clients, limit } of [
          { clients: ["alice", "alice"], limit: 30 },
          { clients: ["bob", "carol"], limit: 30 },
          // Here each order could take what the other one lacks.
          { clients: ["dave", "erin"], limit: 7 },
        ]) {
          const [first = "", second = ""] = clients;
          const wide = checkOf(algorithm, limit, { client: first, route: "wide" });
          const tight = checkOf(algorithm, 7, { client: second, route: "tight" });
          const rounds = await Promise.all(
            stores.map((store, index) =>
              atOnce(20, () => store.consumeAll(index === 0 ? [wide, tight] : [tight, wide])),
            ),
          );
          const results = rounds.flat();
          const what = `${algorithm}, clients ${clients}`;
          // What one instance cannot take at once it says; then only the sum is promised, not the way there.
          const atomic = results.every((result) => result.atomic);
          assert.ok(atomic || first !== second, `${what}: the checks of one client are always taken at once`);
          const allowed = countAllowed(results);
          assert.ok(atomic ? allowed === 7 : allowed > 0 && allowed <= 7, `${what}: ${allowed} allowed of 7`);
          assert.equal(
            (await (stores[0] ?? assert.fail()).peek(wide)).remaining,
            limit - allowed,
            `${what}: charged in part`,
          );
          assert.equal(
            (await (stores[1] ?? assert.fail()).peek(tight)).remaining,
            7 - allowed,
            `${what}: charged in part`,
          );
        }
      }
    },
  },
  {
    id: "rate-limits/8e",
    title: "consumeAll takes 1,000 checks and refuses more, before anything is taken",
    async run(bench) {
      const store = await bench.open();
      const check = checkOf("fixed-window", 3_000);
      const listOf = (count: number) => Array.from({ length: count }, () => check);
      const all = await store.consumeAll(listOf(1_000));
      assert.deepEqual([all.allowed, all.decisions.length], [true, 1_000]);
      assert.equal((await store.peek(check)).remaining, 2_000, "all were charged");
      await rejectsWith("STORE_INVALID_ARGUMENT", "1,001 checks", () => store.consumeAll(listOf(1_001)));
      assert.equal((await store.peek(check)).remaining, 2_000, "something was charged");
    },
  },
];
