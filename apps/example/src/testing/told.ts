// What an answer tells its payer: the status, and the word for the trouble.
import { decodePaymentRequiredHeader } from "@x402/core/http";

/** The word is in the body, and with 402 in the header that names the price. */
export async function told(response: Response): Promise<[status: number, error: unknown]> {
  const header = response.headers.get("payment-required");
  const body: unknown = await response.json();
  return [response.status, header === null ? Object(body).error : decodePaymentRequiredHeader(header).error];
}
