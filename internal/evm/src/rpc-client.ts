// A JSON-RPC client over HTTP: what a node answered, or the error that it told.

/** In the form of EIP-1193, as viem's clients are. */
export interface RpcClient {
  request(args: { readonly method: string; readonly params?: unknown }): Promise<unknown>;
}

/** What the node told instead of a result. */
export class RpcRefusal extends Error {
  override readonly name = "RpcRefusal";
  /** As JSON-RPC has it: `code`, `message`, perhaps `data`. */
  readonly error: unknown;
  constructor(method: string, error: unknown) {
    super(`${method}: ${JSON.stringify(error)}`);
    this.error = error;
  }
}

/** Rejects with an RpcRefusal where the node tells an error. */
export function rpcClient(url: string): RpcClient {
  let id = 0;
  return {
    async request({ method, params = [] }) {
      id += 1;
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
      });
      const answer: { result?: unknown; error?: unknown } = Object(await response.json());
      if (!("result" in answer)) throw new RpcRefusal(method, answer.error);
      return answer.result;
    },
  };
}
