// Whose address counts, with and without proxies in front.
import { describe, expect, test } from "vitest";
import { clientIp } from "./client-ip.ts";

describe("clientIp", () => {
  test("believes the socket alone unless told of proxies", () => {
    expect(clientIp("10.0.0.1", "6.6.6.6", 0)).toBe("10.0.0.1");
  });

  test("takes the entry that the outermost trusted proxy wrote, not what a client put before it", () => {
    expect(clientIp("10.0.0.1", "6.6.6.6, 1.2.3.4", 1)).toBe("1.2.3.4");
    expect(clientIp("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", 2)).toBe("1.2.3.4");
  });

  test("falls back to the socket where the header is missing or nonsense", () => {
    expect(clientIp("10.0.0.1", undefined, 1)).toBe("10.0.0.1");
    expect(clientIp("10.0.0.1", "not an address", 1)).toBe("10.0.0.1");
  });

  test("takes an entry without the port that some proxies write, so that each client is one", () => {
    const behind = (entry: string) => clientIp("10.0.0.1", entry, 1);
    expect(behind("198.51.100.1:50000")).toBe("198.51.100.1");
    expect(behind("198.51.100.2:443")).toBe("198.51.100.2");
    expect(behind("[2001:db8:1::1]:443")).toBe("2001:db8:1:0::/64");
    expect(behind("[2001:db8:2::1]")).toBe("2001:db8:2:0::/64");
    expect(behind("[::ffff:198.51.100.3]:80")).toBe("198.51.100.3");
    expect(behind("2001:db8:3::1:443")).toBe("2001:db8:3:0::/64");
    for (const nonsense of ["198.51.100.1:", "[2001:db8::1", "[10.0.0]:1", "198.51.100.1:1:1"]) {
      expect(behind(nonsense)).toBe("10.0.0.1");
    }
  });

  test("believes nothing that came past a proxy", () => {
    expect(clientIp("10.0.0.1", "1.2.3.4", 2)).toBe("10.0.0.1");
  });

  test("knows IPv4 in IPv6 clothes, and holds IPv6 clients to their network of 64 bits", () => {
    expect(clientIp("::ffff:10.0.0.1", undefined, 0)).toBe("10.0.0.1");
    expect(clientIp("2001:db8:1:2:3::1", undefined, 0)).toBe("2001:db8:1:2::/64");
    expect(clientIp("2001:db8:1:2:ffff::9", undefined, 0)).toBe("2001:db8:1:2::/64");
    expect(clientIp("2001:db8::1", undefined, 0)).toBe("2001:db8:0:0::/64");
    expect(clientIp("::1", undefined, 0)).toBe("0:0:0:0::/64");
  });

  test("has a name for a socket that is gone", () => {
    expect(clientIp(undefined, undefined, 0)).toBe("unknown");
  });
});
