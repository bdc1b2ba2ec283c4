// The deadlines as they are without any options: the gateway's process itself, and ten seconds for a request.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { nowhere, startGatewayProcess } from "./testing/gateway-process.ts";

const config = fileURLToPath(new URL("../config/gateway.yaml", import.meta.url));
const env = { ...nowhere, STORES: fileURLToPath(new URL("../config/stores/memory.yaml", import.meta.url)) };

test("a gateway cuts off five hundred dawdling clients after ten seconds", async () => {
  const gateway = await startGatewayProcess(config, env);
  onTestFinished(() => gateway.stop());
  const port = Number(new URL(gateway.url).port);
  const begun = performance.now();
  const sockets: Socket[] = [];
  for (let count = 0; count < 500; count += 1) {
    const socket = connect(port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => undefined).resume();
    await once(socket, "connect");
    socket.write("POST /quote HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf");
    sockets.push(socket);
  }
  expect(sockets.filter(({ closed }) => closed)).toEqual([]);
  await Promise.all(sockets.map(async (socket) => socket.closed || once(socket, "close")));
  expect(performance.now() - begun).toBeLessThan(20_000);
});
