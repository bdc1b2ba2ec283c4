// The suite of verifications holds for core's store on the Map port.
import { reference } from "../mutants/reference.ts";
import { verificationStoreSuite } from "./suite.ts";

verificationStoreSuite({ ...reference().harnesses.verifications, lacks: ["spawn", "bounded"] });
// payOnce asks in another order for what is past its validity by this process's clock: here nothing is.
verificationStoreSuite({
  ...reference(undefined, Date.now()).harnesses.verifications,
  name: "core on a Map, at this process's instant",
  lacks: ["spawn", "bounded"],
});
