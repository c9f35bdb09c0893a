/** The nodes of the dev broker: their names, and the ports of this machine on which they are reached. Pure. */

/** One begins a cluster; an even number bears no more failures than the odd one below it. */
export const NODE_COUNTS = [1, 3, 5] as const;
export type NodeCount = (typeof NODE_COUNTS)[number];

/** Of the first node. */
export interface Ports {
  readonly amqp: number;
  readonly management: number;
  readonly metrics: number;
  readonly amqps: number;
  readonly https: number;
}
export type PortName = keyof Ports;

export const DEFAULT_PORTS: Ports = { amqp: 5672, management: 15672, metrics: 15692, amqps: 5671, https: 15671 };
/** Inside the containers. */
export const INSIDE: Ports = DEFAULT_PORTS;

/** What is switched on. */
export interface Listeners {
  readonly tls: boolean;
  /** AMQP and HTTP without TLS. */
  readonly plain: boolean;
}

/** `broker-0`: host name, name of the resource, and end of the container's and the volume's name. */
export const nodeName = (index: number): string => `broker-${index}`;

export const nodeNames = (count: number): string[] => Array.from({ length: count }, (_, index) => nodeName(index));

/** The ports of a node: those of TLS count down from the first node's, the others up, so that they do not meet. */
export function portsOf(first: Ports, index: number): Ports {
  return {
    amqp: first.amqp + index,
    management: first.management + index,
    metrics: first.metrics + index,
    amqps: first.amqps - index,
    https: first.https - index,
  };
}

/** Which of them are published. Metrics hold neither messages nor credentials, and are always plain. */
export const published = ({ tls, plain }: Listeners): PortName[] => [
  ...(plain ? (["amqp", "management"] as const) : []),
  "metrics",
  ...(tls ? (["amqps", "https"] as const) : []),
];

/** Where another container reaches the management API of a node: with TLS only where there is nothing else. */
export const managementInside = (node: string, { tls, plain }: Listeners): string =>
  plain || !tls ? `http://${node}:${INSIDE.management}` : `https://${node}:${INSIDE.https}`;

/** Ports that the configuration gives twice, with what they are for. @param others those beside the nodes', by what they are for */
export function portsTwice(
  first: Ports,
  count: number,
  listeners: Listeners,
  others: Readonly<Record<string, number>> = {},
): { readonly port: number; readonly uses: string[] }[] {
  const uses = new Map<number, string[]>();
  const use = (port: number, what: string): void => void uses.set(port, [...(uses.get(port) ?? []), what]);
  for (const [index, node] of nodeNames(count).entries()) {
    const ports = portsOf(first, index);
    for (const name of published(listeners)) use(ports[name], `${name} of ${node}`);
  }
  for (const [what, port] of Object.entries(others)) use(port, what);
  return [...uses].filter(([, both]) => both.length > 1).map(([port, both]) => ({ port, uses: both }));
}
