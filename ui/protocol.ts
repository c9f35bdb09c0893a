/** What the server and the page say to each other; types alone. */
import type { FlowEdgeKind, FlowNodeKind } from "../topology/compile/graph.js";

/** A box of the page, or a label in the line of an edge. Pixels at full size; `x` and `y` are its upper left corner. */
export interface SceneNode {
  readonly id: string;
  readonly kind: FlowNodeKind | "label";
  readonly topology: string;
  readonly vhost: string;
  /** Several services that do the same are one box. A label has its keys here. */
  readonly rows: readonly { readonly name: string; readonly note?: string }[];
  /** Of an exchange or a queue. */
  readonly type?: string;
  readonly details: readonly string[];
  /** Waiting times of a queue's ladder. */
  readonly ladder?: readonly string[];
  readonly deadLetters?: true;
  /** Of a label: the kind of its edges. */
  readonly of?: FlowEdgeKind;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A line between two boxes; `path` and `arrow` are SVG path data. */
export interface SceneEdge {
  readonly id: string;
  readonly kind: FlowEdgeKind;
  readonly from: string;
  readonly to: string;
  readonly path: string;
  readonly arrow?: string;
}

/** A topology's frame. */
export interface SceneFrame {
  readonly topology: string;
  readonly vhost: string;
  readonly description?: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Scene {
  readonly version: 1;
  readonly width: number;
  readonly height: number;
  readonly frames: readonly SceneFrame[];
  readonly nodes: readonly SceneNode[];
  readonly edges: readonly SceneEdge[];
}

/** `GET /api/scene` */
export interface Opening {
  readonly scene: Scene;
  readonly broker: string;
  readonly write: boolean;
  readonly alertmanager: boolean;
  /** Exchanges to which a key can be published, by vhost. */
  readonly exchanges: readonly { readonly vhost: string; readonly name: string; readonly type: string }[];
}

/** Of one node. A number that the broker does not say is left out. Rates are messages a second. */
export interface NodeLive {
  /** The topology has it, the broker does not. */
  readonly missing?: true;
  readonly depth?: number;
  readonly unacked?: number;
  readonly in?: number;
  readonly out?: number;
  readonly consumers?: number;
  /** A service has promised to consume it, and nobody does. */
  readonly forsaken?: true;
  /** Messages that wait in its ladder. */
  readonly waiting?: number;
  /** Share of its length limit, 0 to 1. */
  readonly full?: number;
  /** Of a queue of dead letters: arrivals a minute. */
  readonly arriving?: number;
  /** Of a template: how many queues there are. */
  readonly instances?: number;
  /** Of a box of services: consumers of each row. */
  readonly rows?: readonly number[];
}

export interface Totals {
  readonly messages: number;
  readonly deadLetters: number;
  readonly in: number;
  readonly out: number;
  readonly consumers: number;
}

/** Event `live`. Nodes and edges that are left out are as they were. Edges: messages a second. */
export interface LiveEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly nodes: Readonly<Record<string, NodeLive>>;
  readonly edges: Readonly<Record<string, number>>;
  readonly totals: Totals;
}

export interface Mark {
  /** The node it belongs to; none: it concerns no node of the page. */
  readonly node?: string;
  readonly title: string;
  readonly text: string;
}

export interface AlertMark extends Mark {
  readonly severity: string;
  readonly since: string;
  readonly runbook?: string;
}

/** Event `drift` or `alerts`; `fault`: why it cannot be told. */
export interface DriftEvent {
  readonly marks: readonly (Mark & { readonly kind: "missing" | "mismatched" | "extra" })[];
  readonly fault?: string;
}

export interface AlertsEvent {
  readonly marks: readonly AlertMark[];
  readonly fault?: string;
}

/** Event `status`: whether the broker answers. */
export interface StatusEvent {
  readonly ok: boolean;
  readonly fault?: string;
  /** Milliseconds between two readings. */
  readonly pause: number;
}

/** `POST /api/route` */
export interface PathAnswer {
  /** In words. */
  readonly verdict: string;
  readonly reaches: boolean;
  readonly nodes: readonly string[];
  readonly edges: readonly string[];
  readonly queues: readonly { readonly node?: string; readonly name: string; readonly certain: boolean }[];
  /** Of headers or of the question; then nothing is highlighted. */
  readonly fault?: string;
}

export interface SettingRow {
  readonly key: string;
  readonly value: string;
  readonly source: string;
}

/** `GET /api/queue` */
export interface QueueDetails {
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly onBroker: boolean;
  readonly node?: string;
  readonly members?: readonly string[];
  readonly arguments: readonly { readonly key: string; readonly value: string }[];
  readonly policy?: string;
  readonly operatorPolicy?: string;
  readonly settings: readonly SettingRow[];
  readonly bindings: readonly { readonly source: string; readonly key: string }[];
  readonly consumers: readonly { readonly user: string; readonly tag: string }[];
  readonly ladder: readonly { readonly queue: string; readonly waits: string; readonly messages?: number }[];
  readonly deadLetterQueues: readonly { readonly queue: string; readonly messages?: number }[];
}

export interface LetterRow {
  readonly id: string | null;
  readonly message: string | null;
  readonly reason: string | null;
  readonly from: string | null;
  readonly attempt: number | null;
  readonly requeued: number;
  readonly died: string | null;
  readonly exchange: string;
  readonly key: string;
  readonly contentType: string | null;
  readonly bytes: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body?: string;
  readonly bodyBase64?: string;
  /** Only its beginning is shown. */
  readonly cut?: true;
}

/** `GET /api/letters` */
export interface Letters {
  readonly queue: string;
  readonly total: number;
  readonly looked: number;
  /** The latest first. */
  readonly letters: readonly LetterRow[];
  readonly stopped?: string;
}

/** `POST /api/requeue`: what would be done, and the ticket with which it is. */
export interface RequeueAnswer {
  readonly done: boolean;
  readonly ticket?: string;
  readonly matched: number;
  readonly requeued: number;
  readonly text: string;
}
