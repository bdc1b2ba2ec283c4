// Every call of a payment fails in turn: in each order.
import { faultTable } from "./pay-once.fault-table.test-support.ts";

faultTable([
  { order: "serve-then-settle", orderAfter: "serve-then-settle", kept: "what was made" },
  { order: "settle-then-serve", orderAfter: "settle-then-serve", kept: "nothing" },
]);
