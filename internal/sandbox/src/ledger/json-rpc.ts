// JSON-RPC 2.0 for one HTTP body, a request or a batch of them: what is asked, and the errors that the specification numbers.
import { z } from "zod";

/** By name. A method throws RpcError, or zod's error where its parameters are wrong; anything else is a bug of ours. */
export type RpcMethods = ReadonlyMap<string, (params: readonly unknown[]) => unknown>;

/** A failure to tell the client, by a number of JSON-RPC or of EIP-1474. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  /** Of a reverted call, what it reverted with. */
  readonly data: unknown;
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** A notification, without an id, would ask for nothing here: it is refused as an invalid request is. */
const requestSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.string(), z.number(), z.null()]),
  method: z.string(),
  params: z.array(z.unknown()).default([]),
});

/** `around` runs the work of one call, and may fail it or change its answer; undefined: its answer is to be lost. */
type Around = (work: () => Promise<object>) => Promise<object | undefined>;

/** What to answer; undefined where an answer is to be lost. Throws what `around` throws. */
export async function answerRpc(body: string, methods: RpcMethods, around: Around): Promise<object | undefined> {
  const answerOne = async (call: unknown): Promise<object | undefined> => {
    const request = requestSchema.safeParse(call);
    if (!request.success) return refusal(-32_600, "Not a request of JSON-RPC 2.0 with an id.");
    const { id, method, params } = request.data;
    const outcome = await around(() => outcomeOf(methods.get(method), params));
    return outcome && { jsonrpc: "2.0", id, ...outcome };
  };
  let asked: unknown;
  try {
    asked = JSON.parse(body);
  } catch {
    return refusal(-32_700, "The body is not JSON.");
  }
  if (!Array.isArray(asked)) return answerOne(asked);
  if (asked.length === 0) return refusal(-32_600, "The batch is empty.");
  const answers = await Promise.all(asked.map(answerOne));
  return answers.includes(undefined) ? undefined : answers;
}

async function outcomeOf(method: ReturnType<RpcMethods["get"]>, params: readonly unknown[]): Promise<object> {
  if (method === undefined) return failure(-32_601, "The simulated chain does not have this method.");
  try {
    return { result: await method(params) };
  } catch (error) {
    if (error instanceof RpcError) return failure(error.code, error.message, error.data);
    if (error instanceof z.ZodError) return failure(-32_602, "The method does not take these parameters.");
    throw error;
  }
}

const failure = (code: number, message: string, data?: unknown) => ({ error: { code, message, data } });
const refusal = (code: number, message: string) => ({ jsonrpc: "2.0", id: null, ...failure(code, message) });
