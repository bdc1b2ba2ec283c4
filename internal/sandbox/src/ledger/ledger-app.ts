// The ledger over HTTP: an x402 facilitator (verify, settle), the chain to read, also as an EVM node (/rpc), and an admin side.
import type { HttpBindings } from "@hono/node-server";
import { x402Facilitator } from "@x402/core/facilitator";
import { PaymentPayloadV2Schema, PaymentRequirementsV2Schema } from "@x402/core/schemas";
import type { Network } from "@x402/core/types";
import { ExactEvmScheme } from "@x402/evm/exact/facilitator";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { adminOnly } from "../admin-routes.ts";
import type { AppendLog } from "../append-log.ts";
import { simulatedChain } from "../chain.ts";
import { addressSchema, bytes32Schema, uint256Schema } from "../hex-schemas.ts";
import { instanceOf, pathWithoutInstance } from "../instance-path.ts";
import { type Fault, faultSchema, faults, InjectedFault } from "./faults.ts";
import { answerRpc } from "./json-rpc.ts";
import type { PaymentChain } from "./payment-chain.ts";

type Env = { Bindings: HttpBindings };

/** Only enough of a facilitator's request to name the payment in the log, whatever else it says. */
const namedPayment = z.object({
  paymentPayload: z.object({ payload: z.object({ authorization: z.object({ from: z.string(), nonce: z.string() }) }) }),
});

/** `log` gets a line for every verify and settle call before it is worked on; the chain's own log has the transfers. */
export function ledgerApp(chain: PaymentChain, log: AppendLog): Hono<Env> {
  const scheme = new ExactEvmScheme(chain.signer);
  const facilitator = new x402Facilitator().register(simulatedChain.network, scheme);
  const fault = faults();
  const app = new Hono<Env>({ getPath: pathWithoutInstance });
  app.use(bodyLimit({ maxSize: 65_536 }));

  /** A lost reply, undefined, cuts the connection. */
  const reply = (c: Context<Env>, result: object | undefined): Response => {
    if (result !== undefined) return c.json(result);
    c.env.incoming.socket.destroy();
    return c.body(null, 500);
  };
  /** Runs a call under the fault set for it. */
  const answer = async (c: Context<Env>, on: Fault["on"], work: () => Promise<object>): Promise<Response> =>
    reply(c, await fault.around(on, work));
  const paymentCall = async (c: Context<Env>, kind: "verify" | "settle"): Promise<Response> => {
    const body: unknown = await c.req.json();
    const named = namedPayment.safeParse(body).data?.paymentPayload.payload.authorization;
    const instance = instanceOf(c.req.raw);
    log.append({ kind, payer: named?.from ?? null, nonce: named?.nonce ?? null, instance });
    const { paymentPayload, paymentRequirements } = z
      .object({ paymentPayload: z.unknown(), paymentRequirements: z.unknown() })
      .parse(body);
    const payload = withRecord(PaymentPayloadV2Schema.parse(paymentPayload));
    const requirements = withExtra(PaymentRequirementsV2Schema.parse(paymentRequirements));
    return answer(c, kind, () => facilitator[kind](payload, requirements));
  };

  app.get("/facilitator/supported", (c) => c.json(facilitator.getSupported()));
  app.post("/facilitator/verify", (c) => paymentCall(c, "verify"));
  app.post("/facilitator/settle", (c) => paymentCall(c, "settle"));

  app.get("/chain/authorizations/:payer/:nonce", (c) =>
    answer(c, "lookup", async () => {
      const payer = addressSchema.parse(c.req.param("payer"));
      return chain.authorization(payer, bytes32Schema.parse(c.req.param("nonce")));
    }),
  );
  app.get("/chain/balances/:account", async (c) => {
    const balance = await chain.balanceOf(addressSchema.parse(c.req.param("account")));
    return c.json({ balance: balance.toString() });
  });

  app.post("/rpc", async (c) =>
    reply(c, await answerRpc(await c.req.text(), chain.rpc, (work) => fault.around("lookup", work))),
  );

  app.use("/admin/*", adminOnly);
  app.post("/admin/mint", async (c) => {
    const mint = z.strictObject({ account: addressSchema, value: uint256Schema }).parse(await c.req.json());
    await chain.mint([mint.account], mint.value);
    return c.body(null, 204);
  });
  app.post("/admin/faults", async (c) => {
    fault.set(faultSchema.parse(await c.req.json()));
    return c.body(null, 204);
  });
  app.delete("/admin/faults", (c) => {
    fault.clear();
    return c.body(null, 204);
  });

  app.onError((error, c) => {
    if (error instanceof InjectedFault) return c.json({ error: error.message }, 500);
    const bad = error instanceof z.ZodError || error instanceof SyntaxError || error.name === "ZodError";
    return c.json({ error: bad ? "bad request" : error.message }, bad ? 400 : 500);
  });
  return app;
}

/** The SDK's schemas let `extra` be left out where its types do not. */
function withExtra<T extends { extra?: Record<string, unknown> | null | undefined; network: string }>(requirements: T) {
  return { ...requirements, extra: requirements.extra ?? {}, network: networkOf(requirements.network) };
}

function withRecord<
  A extends Parameters<typeof withExtra>[0],
  T extends { accepted: A; extensions?: unknown; resource?: unknown },
>(payload: T) {
  const { extensions: _extensions, resource: _resource, ...rest } = payload;
  return { ...rest, accepted: withExtra(payload.accepted) };
}

/** The SDK's schema requires the colon, and its type of the network's name does not say so. */
function networkOf(name: string): Network {
  if (isNetwork(name)) return name;
  throw new SyntaxError("The network's name has no colon.");
}

const isNetwork = (name: string): name is Network => name.includes(":");
