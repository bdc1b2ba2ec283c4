// Puts down a payment that the stores have forgotten, after a restored backup say. From then on it is owed: its payer collects
// the content, once, by sending the same payment again. In a gateway's container:
//
//   node --input-type=module - <transaction> <payer> < owe.mjs
//
// For payments by EIP-3009. The chain is asked which payment the transaction settled, so that a mistyped word records nothing. A
// transaction that is not final records nothing either. Which price was asked is not known here: compare the amount with it.
import { loadStores } from "@tollbooth-stores/config";
import { paymentKey, resolvePayment } from "@tollbooth-stores/core";

const AUTHORIZATION_USED = "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5";
const TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

const { CHAIN_URL, NETWORK = "eip155:84532", PAY_TO, STORES = "tollbooth.config.yaml" } = process.env;
const [transaction, payer] = process.argv.slice(2).map((word) => word.toLowerCase());
if (!/^0x[0-9a-f]{64}$/.test(transaction ?? "") || !/^0x[0-9a-f]{40}$/.test(payer ?? "")) {
  fail("Give the transaction's hash and the payer's address.");
}
if (!CHAIN_URL || !PAY_TO) fail("CHAIN_URL and PAY_TO must be set, as for a gateway.");

const chain = await ask("eth_chainId", []);
if (`eip155:${BigInt(chain)}` !== NETWORK) fail(`CHAIN_URL leads to eip155:${BigInt(chain)}, not to ${NETWORK}.`);
// Asked before the receipt: what is in a final block then stays there.
const finalized = await ask("eth_getBlockByNumber", ["finalized", false]);
const receipt = await ask("eth_getTransactionReceipt", [transaction]);
if (receipt?.status !== "0x1") fail("The chain knows no such transaction that succeeded.");
if (!finalized?.number) fail("The chain's node does not tell which block is final. Nothing is recorded.");
if (BigInt(receipt.blockNumber) > BigInt(finalized.number)) {
  const blocks = `block ${BigInt(receipt.blockNumber)}, and ${BigInt(finalized.number)} is the last final one`;
  fail(`The transaction is not final: it is in ${blocks}. Nothing is recorded. Try again in some minutes.`);
}
const used = logsOf(AUTHORIZATION_USED).filter(({ topics }) => isAddress(topics[1], payer));
if (used.length !== 1) fail(`It used ${used.length} authorizations of this payer. One is needed.`);
const [{ address: contract, topics }] = used;
const paid = logsOf(TRANSFER).filter(
  (log) => isAddress(log.topics[1], payer) && isAddress(log.topics[2], PAY_TO) && log.address === contract,
);
if (paid.length === 0) fail("It moved nothing from this payer to PAY_TO.");
const amount = paid.reduce((sum, { data }) => sum + BigInt(data), 0n);
console.log(`The receipt ${transaction} is for this payment:
  ${amount} of the smallest unit of the token ${contract} on ${NETWORK}
  from ${payer} to ${PAY_TO.toLowerCase()}, nonce ${topics[2]}`);

const stores = await loadStores(STORES);
try {
  await stores.ping();
  const key = paymentKey({ scheme: "eip3009", network: NETWORK, contract, payer, nonce: topics[2] });
  await resolvePayment(stores.verifications, { key }, { receipt: transaction });
  const { status, receipt: recorded = transaction } = await stores.verifications.peek(`p:${key}`);
  if (recorded.toLowerCase() !== transaction) fail(`Nothing is recorded: the receipt on record is ${recorded}.`);
  console.log(status === "settled" ? "owed" : `nothing to do: ${status}`);
} finally {
  await stores.close();
}

function logsOf(event) {
  return receipt.logs.filter((log) => log.topics[0] === event);
}

/** A topic is 32 bytes, of which an address has the last 20. */
function isAddress(topic, address) {
  return topic.slice(-40).toLowerCase() === address.slice(-40).toLowerCase();
}

async function ask(method, params) {
  const response = await fetch(CHAIN_URL, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(10_000),
  });
  const { result, error } = await response.json();
  if (error !== undefined) fail(`The chain's node refuses ${method}.`);
  return result;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
