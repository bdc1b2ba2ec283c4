// Every call of a payment fails in turn, in the settings that pay-once.faults.test.ts leaves out.
import { faultTable } from "./pay-once.fault-table.test-support.ts";

faultTable([
  { order: "serve-then-settle", orderAfter: "settle-then-serve", kept: "what was made" },
  { order: "settle-then-serve", orderAfter: "settle-then-serve", kept: "what was made" },
  { order: "serve-then-settle", orderAfter: "serve-then-settle", kept: "nothing" },
  { order: "settle-then-serve", orderAfter: "serve-then-settle", kept: "what was made" },
]);
