// What tests of a framework's middleware may use, in the test's process and in others.
export { type FakeGate, fakeGate } from "./fake-gate.ts";
