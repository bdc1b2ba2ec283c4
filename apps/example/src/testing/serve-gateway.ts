// The gateway in the test's own process, over a real socket.
import type { Environment } from "@tollbooth-stores/config";
import { gatewayApp } from "../gateway/gateway-app.ts";
import { loadGateway } from "../gateway/load-gateway.ts";
import { listen } from "../listen.ts";

export interface ServedGateway {
  url: string;
  /** Its stores, too. */
  stop(): Promise<void>;
}

/** `source`: the path of a YAML file, or its text. Any free port is taken, whatever it says. */
export async function serveGateway(source: string, env: Environment): Promise<ServedGateway> {
  const { config, stores } = await loadGateway(source, env);
  const app = await gatewayApp({ config, stores, stopping: () => false });
  const server = await listen(app.fetch, 0);
  return {
    url: server.url,
    async stop() {
      await server.stop(1_000);
      await stores.close();
    },
  };
}
