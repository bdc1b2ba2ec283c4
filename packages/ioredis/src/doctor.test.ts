// What an examination says of servers, over connections of our own and a client of the caller's.
import {
  doctorBorrowedSuite,
  doctorDiskSuite,
  doctorReplicaSuite,
  doctorSuite,
  doctorTroubleSuite,
} from "@tollbooth-stores/redis-testkit/suites";
import { clientTo, provider } from "./provider.test-support.ts";

doctorSuite(provider);
doctorDiskSuite(provider);
doctorReplicaSuite(provider, clientTo);
doctorTroubleSuite(provider, clientTo);
doctorBorrowedSuite(provider, clientTo);
