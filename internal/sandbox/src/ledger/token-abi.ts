// What the simulated chain's token can be asked, and the logs that it makes.
import { type ParseAbi, parseAbi } from "viem";

const signatures = [
  "function balanceOf(address account) view returns (uint256)",
  "function name() view returns (string)",
  "function version() view returns (string)",
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
  "event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)",
  "event Transfer(address indexed from, address indexed to, uint256 value)",
] as const;

export const tokenAbi: ParseAbi<typeof signatures> = parseAbi(signatures);
