// The first topics of the logs that EIP-3009 and ERC-20 make, and addresses in the form of a topic.

/** AuthorizationUsed(address,bytes32) */
export const AUTHORIZATION_USED = "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5";
/** AuthorizationCanceled(address,bytes32) */
export const AUTHORIZATION_CANCELED = "0x1cdd46ff242716cdaa72d159d339a485b3438398348d68f09d7c8c0a59353d81";
/** Transfer(address,address,uint256) */
export const TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

/** Either ends a nonce: a token makes one of them for it, once. */
export const nonceTopics: readonly string[] = [AUTHORIZATION_USED, AUTHORIZATION_CANCELED];

export const addressTopic = (address: string): string => `0x${address.slice(2).padStart(64, "0")}`;
