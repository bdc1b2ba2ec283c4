// Tests that the middleware of each framework runs; importing this file needs vitest.
export { type OwnTurnShop, ownTurnSuite } from "./own-turn-suite.ts";
export { type PlainJavascriptRow, plainJavascriptSuite } from "./plain-javascript-suite.ts";
export { twoProcessesSuite } from "./two-processes-suite.ts";
