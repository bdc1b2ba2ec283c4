// Every row of the table, in its order.
import { failovers } from "./failovers.ts";
import { lostReplies } from "./lost-replies.ts";
import { movedEndpoint } from "./moved-endpoint.ts";
import { network } from "./network.ts";
import { owners } from "./owners.ts";
import { payments } from "./payments.ts";
import { records } from "./records.ts";
import { resharding } from "./resharding.ts";
import type { Row } from "./row.ts";
import { sentinels } from "./sentinels.ts";
import { servers } from "./servers.ts";

export const rows: readonly Row[] = [
  ...network,
  ...servers,
  ...movedEndpoint,
  ...sentinels,
  ...failovers,
  ...resharding,
  ...lostReplies,
  ...owners,
  ...payments,
  ...records,
];
