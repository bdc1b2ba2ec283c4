// One connection through the network proxy: the client's socket, the server's socket, and a lane each way between them.
import { connect, type Socket } from "node:net";
import { openLane, type Parcel } from "./net-lane.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface LinkSettings {
  /** How much later replies arrive. */
  replyDelayMs(): number;
  /** Called with each piece of a reply, and the last bytes that the client sent before it. */
  onReply(reply: Buffer, request: Buffer): "pass" | "drop" | "cut";
  /** Called once the client has ended the connection, or the connection has ended. */
  onClientGone(): void;
  /** Called once both sockets have ended. */
  onEnd(): void;
}

export interface Link {
  /** Makes the connection to the server. Bytes that the client sent before are passed on. */
  connect(target: Address | undefined): void;
  hold(): void;
  release(): void;
  /** The client's end and the server's stay open, each until its own peer or `cut` ends it. */
  freeze(): void;
  cut(how: "fin" | "rst"): void;
}

/** The client's socket must allow half-open connections: an end is passed on like a byte. */
export function openLink(client: Socket, settings: LinkSettings): Link {
  let server: Socket | undefined;
  let held = false;
  let frozen = false;
  let clientIsGone = false;
  let lastRequest: Buffer = Buffer.alloc(0);

  const toServer = openLane(
    (parcel) => write(server, parcel),
    () => 0,
  );
  const toClient = openLane((parcel) => write(client, parcel), settings.replyDelayMs);
  const openOrHold = () => {
    for (const lane of [toServer, toClient]) {
      if (held || server === undefined) lane.hold();
      else lane.release();
    }
  };
  const clientGone = () => {
    if (clientIsGone) return;
    clientIsGone = true;
    settings.onClientGone();
  };
  const cut = (how: "fin" | "rst") => {
    for (const lane of [toServer, toClient]) lane.freeze();
    for (const socket of [client, server]) {
      if (how === "rst") reset(socket);
      else socket?.destroy();
    }
    clientGone();
  };
  /** A socket that fails takes its peer with it. */
  const relay = (socket: Socket, other: () => Socket | undefined, push: (parcel: Parcel) => void) => {
    socket.setNoDelay(true);
    socket.on("data", push);
    socket.on("end", () => {
      if (frozen) socket.destroy();
      else push("end");
    });
    socket.on("error", () => {
      if (!frozen) reset(other());
    });
    socket.on("close", () => {
      if (client.destroyed && (server?.destroyed ?? true)) settings.onEnd();
    });
  };
  const fromClient = (parcel: Parcel) => {
    if (parcel !== "end") lastRequest = parcel;
    toServer.push(parcel);
  };
  const fromServer = (parcel: Parcel) => {
    const verdict = parcel === "end" ? "pass" : settings.onReply(parcel, lastRequest);
    if (verdict === "pass") toClient.push(parcel);
    else if (verdict === "cut") cut("fin");
  };

  openOrHold();
  relay(client, () => server, fromClient);
  for (const gone of ["end", "close"]) client.on(gone, clientGone);
  return {
    connect(target) {
      if (frozen) return;
      if (target === undefined || client.destroyed) {
        reset(client);
        return;
      }
      server = connect({ ...target, allowHalfOpen: true });
      relay(server, () => client, fromServer);
      openOrHold();
    },
    hold() {
      held = true;
      openOrHold();
    },
    release() {
      held = false;
      openOrHold();
    },
    freeze() {
      frozen = true;
      for (const lane of [toServer, toClient]) lane.freeze();
    },
    cut,
  };
}

/** After an end of ours it is destroyed only: a reset then leaves Node's handle open (EINVAL of libuv). */
function reset(socket: Socket | undefined): void {
  if (socket?.writableEnded) socket.destroy();
  else socket?.resetAndDestroy();
}

function write(socket: Socket | undefined, parcel: Parcel): void {
  if (socket === undefined || !socket.writable) return;
  if (parcel === "end") socket.end();
  else socket.write(parcel);
}
