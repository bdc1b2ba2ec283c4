// What `npm start` becomes once everything is built: the playground, which ends when this process does, by kill -9 too.
import { become, streamsAndEnd } from "./bootstrap.mjs";

become("node", ["apps/playground/dist/main.js", ...process.argv.slice(2)], { stdio: streamsAndEnd });
