// Who owns which slot: hosts that a node does not know, IPv6, redirections, and nodes that refuse to tell.
import { describe, expect, it } from "vitest";
import { readTopology, redirection, replicasInSlots, topologyRefusal } from "./cluster-topology.ts";

const asked = { host: "seed.example", port: 7_000 };
const id = "0123456789abcdef";

describe("readTopology", () => {
  it("reads owners, primaries and replicas", () => {
    const read = readTopology(
      [
        [0, 1, ["a", 1, id], ["b", 2, id]],
        [2, 2, ["c", 3, id, ["hostname", "c.example"]]],
        [5, 5, ["a", 1, id]],
      ],
      asked,
    );
    expect(read.owners.slice(0, 6)).toEqual(["a:1", "a:1", "c:3", undefined, undefined, "a:1"]);
    expect([...read.primaries]).toEqual([
      ["a:1", { host: "a", port: 1 }],
      ["c:3", { host: "c", port: 3 }],
    ]);
    expect(read.nodes).toEqual([
      { host: "b", port: 2 },
      { host: "a", port: 1 },
      { host: "c", port: 3 },
    ]);
  });

  it.each([null, "", "?"])("takes the address that was asked for a node that does not know its own: %j", (host) => {
    const { owners, primaries } = readTopology([[7, 7, [host, 7_001, id]]], asked);
    expect(owners[7]).toBe("seed.example:7001");
    expect(primaries.get("seed.example:7001")).toEqual({ host: "seed.example", port: 7_001 });
  });

  it("reads IPv6 addresses, whose keys have brackets and whose hosts have none", () => {
    const { owners, primaries } = readTopology([[0, 0, ["2001:db8::1", 6_379, id]]], asked);
    expect(owners[0]).toBe("[2001:db8::1]:6379");
    expect(primaries.get("[2001:db8::1]:6379")).toEqual({ host: "2001:db8::1", port: 6_379 });
  });

  it.each([
    ["no list", "OK"],
    ["null", null],
    ["an empty list", []],
    ["ranges without nodes", [[0, 5]]],
    ["nodes without ports", [[0, 5, ["a", 0, id]]]],
    ["nodes with ports that are none", [[0, 5, ["a", "x", id]]]],
    ["nodes that are none", [[0, 5, null]]],
    ["nodes with ports beyond the last", [[0, 5, ["a", 65_536, id]]]],
    ["slots beyond the last", [[0, 1e15, ["a", 1, id]]]],
    ["slots below the first", [[-1, 5, ["a", 1, id]]]],
    ["slots that are none", [["x", 5.5, ["a", 1, id]]]],
  ])("finds no owner in %s", (_, reply) => {
    const { primaries, owners, nodes } = readTopology(reply, asked);
    expect([primaries.size, owners.length, nodes.length]).toEqual([0, 0, 0]);
  });
});

describe("redirection", () => {
  it.each([
    ["MOVED 3999 127.0.0.1:6381", { kind: "MOVED", slot: 3_999, node: { host: "127.0.0.1", port: 6_381 } }],
    ["ASK 0 node.example:6381", { kind: "ASK", slot: 0, node: { host: "node.example", port: 6_381 } }],
    ["MOVED 1 :6381", { kind: "MOVED", slot: 1, node: { host: "seed.example", port: 6_381 } }],
    ["ASK 1 :6381", { kind: "ASK", slot: 1, node: { host: "seed.example", port: 6_381 } }],
    ["MOVED 1 2001:db8::1:6381", { kind: "MOVED", slot: 1, node: { host: "2001:db8::1", port: 6_381 } }],
    ["MOVED 1 ?:6381", { kind: "MOVED", slot: 1, node: { host: "seed.example", port: 6_381 } }],
  ])("reads %j", (message, expected) => {
    expect(redirection(new Error(message), asked)).toEqual(expected);
  });

  it.each(["CLUSTERDOWN Hash slot not served", "MOVED", "MOVED 5", "TRYAGAIN", "ERR MOVED 1 a:1"])(
    "finds none in %j",
    (message) => {
      expect(redirection(new Error(message), asked)).toBeUndefined();
    },
  );

  it("finds none in a value that is not an error", () => {
    expect(redirection("MOVED 1 a:1", asked)).toBeUndefined();
  });
});

describe("topologyRefusal", () => {
  it.each([
    ["ERR This instance has cluster support disabled", /no Redis Cluster but a single server.*`url` or `host`/],
    ["NOPERM this user has no permissions to run the 'cluster|slots' command", /may not run CLUSTER SLOTS/],
    ["ERR unknown command 'CLUSTER'", /does not know CLUSTER SLOTS.*rename-command/],
  ])("says what %j means", (message, words) => {
    expect(topologyRefusal(new Error(message))).toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(words),
    });
  });

  it("leaves any other error as it is", () => {
    const error = new Error("LOADING");
    expect(topologyRefusal(error)).toBe(error);
    expect(topologyRefusal("text")).toBe("text");
  });
});

it("reads a primary's own replicas, each once, from its reply", () => {
  const reply = [
    [0, 1, ["seed.example", 7_000, id], ["", 7_001, id]],
    [2, 2, ["c", 3, id], ["d", 4, id]],
    [5, 5, [null, 7_000, id], ["?", 7_001, id], ["b", 2, id]],
  ];
  expect(replicasInSlots(reply, asked)).toEqual([
    { host: "seed.example", port: 7_001 },
    { host: "b", port: 2 },
  ]);
  expect(replicasInSlots(null, asked)).toEqual([]);
});
