// Process: the upstream API behind the gateway.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { appendLog } from "../process/append-log.ts";
import { requiredEnv, runChild } from "../process/child.ts";
import { listen } from "../process/listen.ts";
import { upstreamApp } from "./upstream-app.ts";

await runChild("upstream", async () => {
  const directory = requiredEnv("LOG_DIR");
  mkdirSync(directory, { recursive: true });
  const log = appendLog(join(directory, "upstream.jsonl"));
  const server = await listen(upstreamApp(log).fetch, Number(process.env.PORT ?? 0));
  return {
    ...server,
    async stop() {
      await server.stop(1_000);
      log.close();
    },
  };
});
