// A token with EIP-3009 for tests, in Solidity, and two contracts that make several calls at once.

/**
 * `transferFirst`: whether a transfer's log comes before the log of its authorization, as in some tokens, or after it, as in
 * Circle's. The signature is checked as in Circle's: EIP-712, the payer's own key, s in the lower half. So are the words of a
 * revert, by which facilitators tell one reason from another. `Multicall3` is the one function of it that the x402 SDK calls.
 */
export const tokenSource = `
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

contract Token {
  string public constant name = "USDC";
  string public constant version = "2";
  uint8 public constant decimals = 6;
  event Transfer(address indexed from, address indexed to, uint256 value);
  event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);
  event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce);

  bytes32 constant TRANSFER = keccak256("TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)");
  bytes32 constant CANCEL = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");
  bool immutable transferFirst;
  mapping(address => uint256) public balanceOf;
  mapping(address => mapping(address => uint256)) public allowance;
  mapping(address => mapping(bytes32 => bool)) public authorizationState;

  constructor(bool first) { transferFirst = first; }

  function mint(address to, uint256 value) external {
    balanceOf[to] += value;
    emit Transfer(address(0), to, value);
  }

  function approve(address spender, uint256 value) external returns (bool) {
    allowance[msg.sender][spender] = value;
    return true;
  }

  function transferFrom(address from, address to, uint256 value) external returns (bool) {
    allowance[from][msg.sender] -= value;
    move(from, to, value);
    return true;
  }

  function transferWithAuthorization(
    address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce,
    uint8 v, bytes32 r, bytes32 s
  ) external {
    require(block.timestamp > validAfter, "FiatTokenV2: authorization is not yet valid");
    require(block.timestamp < validBefore, "FiatTokenV2: authorization is expired");
    requireSigned(from, keccak256(abi.encode(TRANSFER, from, to, value, validAfter, validBefore, nonce)), v, r, s);
    require(!authorizationState[from][nonce], "FiatTokenV2: authorization is used or canceled");
    authorizationState[from][nonce] = true;
    if (transferFirst) move(from, to, value);
    emit AuthorizationUsed(from, nonce);
    if (!transferFirst) move(from, to, value);
  }

  function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external {
    requireSigned(authorizer, keccak256(abi.encode(CANCEL, authorizer, nonce)), v, r, s);
    require(!authorizationState[authorizer][nonce], "FiatTokenV2: authorization is used or canceled");
    authorizationState[authorizer][nonce] = true;
    emit AuthorizationCanceled(authorizer, nonce);
  }

  function move(address from, address to, uint256 value) private {
    require(balanceOf[from] >= value, "ERC20: transfer amount exceeds balance");
    balanceOf[from] -= value;
    balanceOf[to] += value;
    emit Transfer(from, to, value);
  }

  function requireSigned(address signer, bytes32 structHash, uint8 v, bytes32 r, bytes32 s) private view {
    bytes32 domain = keccak256(abi.encode(
      keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
      keccak256(bytes(name)), keccak256(bytes(version)), block.chainid, address(this)
    ));
    uint256 half = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    require(uint256(s) <= half, "ECRecover: invalid signature 's' value");
    address found = ecrecover(keccak256(abi.encodePacked(hex"1901", domain, structHash)), v, r, s);
    require(found != address(0) && found == signer, "FiatTokenV2: invalid signature");
  }
}

contract Batch {
  function run(address[] calldata targets, bytes[] calldata calls) external {
    for (uint256 i = 0; i < targets.length; i++) {
      (bool ok, ) = targets[i].call(calls[i]);
      require(ok, "a call failed");
    }
  }
}

contract Multicall3 {
  struct Call { address target; bytes callData; }
  struct Result { bool success; bytes returnData; }

  function tryAggregate(bool requireSuccess, Call[] calldata calls) external payable returns (Result[] memory results) {
    results = new Result[](calls.length);
    for (uint256 i = 0; i < calls.length; i++) {
      (results[i].success, results[i].returnData) = calls[i].target.call(calls[i].callData);
      require(results[i].success || !requireSuccess, "Multicall3: call failed");
    }
  }
}
`;
