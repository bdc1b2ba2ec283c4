// x

import type {} from "@tollbooth-stores/test-support";
import { type Cluster, Redis } from "ioredis";
import { type Cluster as Cluster5, Redis as Redis5 } from "ioredis-5";
import { expect, inject, it } from "vitest";
import { createIoredisStores } from "./index.ts";

it("works", async () => {
  const { single, tls } = inject("redis");
  const c6 = new Redis(single.url);
  const c5 = new Redis5(single.url);
  const all = [
    createIoredisStores({ connection: { url: single.url } }),
    createIoredisStores({ connection: { url: tls.url, tls: { ca: tls.ca } } }),
    createIoredisStores({ client: c6 }),
    createIoredisStores({ client: c5 }),
  ];
  for (const stores of all) {
    console.log(await stores.ping());
    const { record } = await stores.sessions.create({ data: { a: 1 }, idleTtlMs: 1000 });
    expect((await stores.sessions.get(record.id))?.data).toEqual({ a: 1 });
    await stores.close();
  }
  expect(c6.status).toBe("ready");
  c6.disconnect();
  c5.disconnect();
  const x = (c: Cluster, d: Cluster5) => [createIoredisStores({ client: c }), createIoredisStores({ client: d })];
  void x;
});
