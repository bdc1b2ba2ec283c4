// Memory and Redis side by side under the same attack, one comparison at a time.
import { NotNow, type Outcome } from "./actions/action.ts";
import type { CompareOrder } from "./actions/run-action.ts";
import type { ComparisonState } from "./state.ts";

export interface Comparison {
  order(order: CompareOrder): Promise<Outcome>;
  state(): ComparisonState;
  close(): Promise<void>;
}

export interface ComparisonOptions {
  programs: URL;
  redisFound: boolean;
  onChange(): void;
}

export function comparison(_options: ComparisonOptions): Comparison {
  return {
    async order() {
      throw new NotNow("Not yet.");
    },
    state: () => ({ state: "idle", lanes: [] }),
    close: async () => undefined,
  };
}
