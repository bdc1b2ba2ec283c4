// The suite of verifications holds for core's store on the Map port.
import { reference } from "../mutants/reference.ts";
import { verificationStoreSuite } from "./suite.ts";

verificationStoreSuite({ ...reference().harnesses.verifications, lacks: ["spawn", "bounded"] });
