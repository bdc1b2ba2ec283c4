// Tests that the middleware of each framework runs; importing this file needs vitest.
export { type AskLimit, type LimitShop, limitKeysSuite } from "./limit-keys-suite.ts";
export { type OwnTurnShop, ownTurnSuite } from "./own-turn-suite.ts";
export { type PlainJavascriptRow, plainJavascriptSuite } from "./plain-javascript-suite.ts";
export { twoProcessesSuite } from "./two-processes-suite.ts";
