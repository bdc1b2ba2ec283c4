// A gate for tests: sells for the payment that a header names, and tells the answer again to who presents it again.
import { type Answer, type PaidGate, problem, type RequestContext } from "@tollbooth-stores/http";

export interface FakeGate extends PaidGate {
  readonly asked: { context: RequestContext; body: Uint8Array }[];
  readonly charged: string[];
  sells(context: RequestContext): boolean;
}

/** Only paths that begin with /sold are sold. An answer of 400 and above is not charged. */
export function fakeGate(): FakeGate {
  const kept = new Map<string, Answer>();
  const asked: FakeGate["asked"] = [];
  const charged: string[] = [];
  const sells: FakeGate["sells"] = ({ path, decodedPath = path }) =>
    [path, decodedPath].some((one) => one.startsWith("/sold"));
  return {
    asked,
    charged,
    sells,
    async handle(context, body, serve) {
      asked.push({ context, body });
      if (!sells(context)) return undefined;
      const key = context.adapter.getHeader("payment");
      if (key === undefined) return problem(402, "payment_required", "Pay.");
      const known = kept.get(key);
      if (known !== undefined) return known;
      const signal = context.signal ?? new AbortController().signal;
      const answer = await serve({ key, payer: "0xann", signal, fence: "1" });
      if (answer.status >= 400) return answer;
      charged.push(key);
      const { "set-cookie": _cookie, ...headers } = answer.headers;
      kept.set(key, { ...answer, headers });
      return { ...answer, headers: { ...answer.headers, receipt: key } };
    },
  };
}
