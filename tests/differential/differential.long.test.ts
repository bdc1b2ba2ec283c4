// memory = ioredis = node-redis over 3,500 random sequences of each kind; `npm run test:long` here plays 20,000.
import { differentialTests } from "./differential.ts";

differentialTests(Number(process.env.DIFFERENTIAL_RUNS ?? 3_500));
