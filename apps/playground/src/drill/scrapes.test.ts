// The drill's scrapes: each process by its own address, for as long as it answers.

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { portOf } from "../process/port-of.ts";
import { type Scrapes, watchMetrics } from "./scrapes.ts";

const servers: Server[] = [];
let scrapes: Scrapes | undefined;
afterEach(async () => {
  await scrapes?.stop();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A gateway's metrics. Gives its address, and what ends it. */
async function metrics(text: string): Promise<{ url: string; end(): void }> {
  const server = createServer((_, response) => response.end(text)).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return { url: `${portOf(server, "127.0.0.1").url}/metrics`, end: () => server.close().closeAllConnections() };
}

const lines = (paid: number, down: number) =>
  [
    'tollbooth_payment_duration_count{tollbooth_outcome="rejected"} 99',
    `tollbooth_payment_duration_count{tollbooth_outcome="paid"} ${paid}`,
    'tollbooth_connection_count{tollbooth_connection_state="up"} 99',
    `tollbooth_connection_count{tollbooth_provider="redis",tollbooth_connection_state="down"} ${down}`,
  ].join("\n");

test("counts what each process tells, also of those that have ended, and asks an ended one no more", async () => {
  const watch = watchMetrics(10);
  scrapes = watch;
  const [one, two] = [await metrics(lines(3, 0)), await metrics(lines(4, 2))];
  watch.heard("gateway-1", { kind: "metrics", url: one.url });
  watch.heard("gateway-2", { kind: "metrics", url: two.url });
  await expect.poll(() => watch.state()).toMatchObject({ paid: 7, mostDown: 2, unanswered: 0 });
  two.end();
  await expect.poll(() => watch.state().unanswered).toBe(1);
  const { answered } = watch.state();
  await expect.poll(() => watch.state().answered).toBeGreaterThan(answered + 1);
  expect(watch.state()).toMatchObject({ paid: 7, unanswered: 1 });
  const again = await metrics(lines(1, 0));
  watch.heard("gateway-2", { kind: "metrics", url: again.url });
  await expect.poll(() => watch.state().paid).toBe(8);
});

test("takes no other message for an address, and asks nothing once it is stopped", async () => {
  const watch = watchMetrics(10);
  const one = await metrics(lines(1, 0));
  for (const message of [
    undefined,
    { url: one.url },
    { kind: "store-report", url: one.url },
    { kind: "metrics", url: 1 },
  ])
    watch.heard("gateway-1", message);
  watch.heard("gateway-2", { kind: "metrics", url: one.url });
  await watch.stop();
  expect(watch.state()).toEqual({ answered: 0, unanswered: 0, paid: 0, mostDown: 0 });
});
