// Process: the upstream API behind the gateway.
import { listen } from "@tollbooth-stores/example/listen";
import { openUpstream } from "@tollbooth-stores/sandbox/upstream";
import { requiredEnv, runChild } from "../process/child.ts";

await runChild("upstream", async () => {
  const upstream = openUpstream(requiredEnv("LOG_DIR"));
  const server = await listen(upstream.fetch, Number(process.env.PORT ?? 0));
  return {
    ...server,
    async stop() {
      await server.stop(1_000);
      upstream.close();
    },
  };
});
