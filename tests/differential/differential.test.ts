// memory = ioredis = node-redis over 350 random sequences of each kind.
import { differentialTests } from "./differential.ts";

differentialTests(350);
