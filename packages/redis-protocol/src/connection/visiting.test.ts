// Visits that meet the end of their port: each is refused, and none leaves a connection.
import { expect, it } from "vitest";
import { fakeServers } from "./fake-servers.test-support.ts";
import { visiting } from "./visiting.ts";

it("is refused at whichever turn of its making the port is closed, and leaves no connection", async () => {
  const ends = new Set<string>();
  for (let turns = 0; turns < 40; turns += 1) {
    const servers = fakeServers({ command: () => "" });
    const visits = visiting({}, { library: Promise.resolve(servers.open) });
    const visit = visits.visit({ host: "replica", port: 6_379 }).then(
      () => "visited",
      (error: Error) => error.message,
    );
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    visits.close();
    // What was made before is ended by close() itself.
    const wasMade = servers.links.length > 0 && servers.stillOpen().length === 0;
    ends.add(`${wasMade ? "made before" : "under way"}: ${await visit}`);
    expect(servers.stillOpen()).toEqual([]);
  }
  expect([...ends]).toEqual(["under way: The stores were closed.", "made before: visited"]);
});
