// The API that is sold: it knows nothing of payments and logs every run of its handlers.
import { setTimeout as sleep } from "node:timers/promises";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { adminOnly } from "../admin-routes.ts";
import type { AppendLog } from "../append-log.ts";
import { instanceOf, pathWithoutInstance } from "../instance-path.ts";

const behaviourSchema = z.strictObject({
  /** Every answer takes this long, in milliseconds. */
  delayMs: z.int().min(0).max(120_000).default(0),
  /** Every answer is a 500. */
  fail: z.boolean().default(false),
  /** Every answer holds so many bytes more. */
  padding: z.int().min(0).max(4_194_304).default(0),
});

/** `log` gets one line a handler run, with what the gateway says it was paid by. */
export function upstreamApp(log: AppendLog): Hono {
  let behaviour: z.infer<typeof behaviourSchema> = { delayMs: 0, fail: false, padding: 0 };
  let runs = 0;
  const app = new Hono({ getPath: pathWithoutInstance });
  app.use(bodyLimit({ maxSize: 1_048_576 }));

  app.use("/admin/*", adminOnly);
  app.put("/admin/behaviour", async (c) => {
    const parsed = behaviourSchema.safeParse(await c.req.json().catch(() => undefined));
    if (!parsed.success) return c.json({ error: z.prettifyError(parsed.error) }, 400);
    behaviour = parsed.data;
    return c.body(null, 204);
  });

  app.all("*", async (c) => {
    runs += 1;
    const run = runs;
    const told = (name: string) => c.req.header(name) ?? null;
    const [paidBy, request, instance] = [told("x-paid-by"), told("x-request-id"), instanceOf(c.req.raw)];
    log.append({ kind: "run", run, method: c.req.method, path: c.req.path, paidBy, request, instance });
    if (behaviour.delayMs > 0) await sleep(behaviour.delayMs);
    if (behaviour.fail) return c.json({ error: "the upstream was told to fail" }, 500);
    const { search } = new URL(c.req.url);
    return c.json({
      run,
      path: c.req.path + search,
      answer: `The answer to ${c.req.path}`,
      padding: "x".repeat(behaviour.padding),
    });
  });
  return app;
}
