// Names and ports of nodes: the first one's are what they always were, and none is given twice.
import { describe, expect, it } from "vitest";
import { DEFAULT_PORTS, nodeNames, portsOf, portsTwice, published } from "./nodes.js";

it("nodes are counted from zero", () => expect(nodeNames(3)).toEqual(["broker-0", "broker-1", "broker-2"]));

describe("ports", () => {
  it("of the first node are those that are configured, of others the next, and with TLS the ones before", () => {
    expect(portsOf(DEFAULT_PORTS, 0)).toEqual({ amqp: 5672, management: 15672, metrics: 15692, amqps: 5671, https: 15671 });
    expect(portsOf(DEFAULT_PORTS, 2)).toEqual({ amqp: 5674, management: 15674, metrics: 15694, amqps: 5669, https: 15669 });
  });

  it("do not meet by default", () => expect(portsTwice(DEFAULT_PORTS, 5, { tls: true, plain: true })).toEqual([]));

  it("that meet are found, with what they are for, if both are published", () => {
    const ports = { ...DEFAULT_PORTS, metrics: 15673 };
    expect(portsTwice(ports, 1, { tls: false, plain: true })).toEqual([]);
    expect(portsTwice(ports, 3, { tls: false, plain: true })[0]).toEqual({
      port: 15673,
      uses: ["metrics of broker-0", "management of broker-1"],
    });
    expect(portsTwice(ports, 3, { tls: true, plain: false })).toEqual([]);
  });

  it("of other containers are looked at together with the nodes'", () => {
    const twice = (others: Record<string, number>) => portsTwice(DEFAULT_PORTS, 3, { tls: false, plain: true }, others);
    expect(twice({ Prometheus: 9090, Alertmanager: 9093, page: 5671 })).toEqual([]);
    expect(twice({ Prometheus: 9090, Alertmanager: 9090, page: 15674 })).toEqual([
      { port: 15674, uses: ["management of broker-2", "page"] },
      { port: 9090, uses: ["Prometheus", "Alertmanager"] },
    ]);
  });

  it("without TLS are not those of TLS", () => {
    expect(published({ tls: false, plain: true })).toEqual(["amqp", "management", "metrics"]);
    expect(published({ tls: true, plain: false })).toEqual(["metrics", "amqps", "https"]);
  });
});
