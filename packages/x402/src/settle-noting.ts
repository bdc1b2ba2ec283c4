// Settles through the SDK, and notes each transaction that a facilitator names. The SDK asks a second time where a settlement is
// pending, and drops the first answer: a refusal of the second must not hide what the first one sent.
import type { FacilitatorClient, x402ResourceServer } from "@x402/core/server";
import type { SettleResponse } from "@x402/core/types";

type Settling = Parameters<x402ResourceServer["settlePayment"]>;

/**
 * As `server.settlePayment`. The facilitator clients of a server are private in the SDK's types, and there is no other place
 * between its two attempts. Throws, before anything is sent, where a version of the SDK keeps them elsewhere.
 */
export async function settleNoting(
  server: x402ResourceServer,
  settling: Settling,
  note: (transaction: string) => void,
): Promise<SettleResponse> {
  const clientOf: unknown = Reflect.get(server, "getFacilitatorClient");
  const clients: unknown = Reflect.get(server, "facilitatorClients");
  if (typeof clientOf !== "function" || !Array.isArray(clients)) {
    throw new Error("This version of @x402/core keeps its facilitator clients elsewhere.");
  }
  const noting = (client: unknown) => (isClient(client) ? notingClient(client, note) : client);
  const own: x402ResourceServer = Object.create(server, {
    getFacilitatorClient: { value: (...kind: unknown[]) => noting(Reflect.apply(clientOf, server, kind)) },
    facilitatorClients: { value: clients.map(noting) },
  });
  return own.settlePayment(...settling);
}

function notingClient(client: FacilitatorClient, note: (transaction: string) => void): FacilitatorClient {
  const noteOf = (answer: unknown) => {
    const { transaction }: { transaction?: unknown } = Object(answer);
    if (typeof transaction === "string" && transaction !== "") note(transaction);
  };
  const settle: FacilitatorClient["settle"] = async (...given) => {
    try {
      const response = await client.settle(...given);
      noteOf(response);
      return response;
    } catch (error) {
      noteOf(error);
      throw error;
    }
  };
  return { settle, verify: (...given) => client.verify(...given), getSupported: () => client.getSupported() };
}

function isClient(client: unknown): client is FacilitatorClient {
  return typeof Object(client).settle === "function";
}
