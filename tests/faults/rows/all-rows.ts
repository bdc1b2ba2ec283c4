// Every row of the table, in its order.
import { failovers } from "./failovers.ts";
import { network } from "./network.ts";
import type { Row } from "./row.ts";
import { servers } from "./servers.ts";

export const rows: readonly Row[] = [...network, ...servers, ...failovers];
