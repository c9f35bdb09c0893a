/** The drawing: boxes, lines and labels, their numbers and marks. Each box is laid out on its own, so that a number that changes moves nothing else. */
import { subtitle } from "../box-size.js";
import type { LiveEvent, NodeLive, Scene, SceneNode } from "../protocol.js";
import { el, flag, svg, write } from "./dom.js";
import { count, plural, rate } from "./format.js";

interface Box {
  readonly node: SceneNode;
  readonly element: HTMLElement;
  readonly parts: Readonly<Record<string, HTMLElement>>;
  live: NodeLive;
  alerts: number;
  drifted: number;
}

/** From so many lines on none is dashed: a browser walks the whole of a long one for its dashes, again and again while the board moves. */
const MANY = 300;

/** Of a frame, for numbers. */
const FRAME_MS = 4;

const TITLES: Partial<Record<SceneNode["kind"], string>> = {
  publisher: "publishers",
  consumer: "consumers",
  template: "queue per instance",
};

export const nodeName = ({ rows, kind }: SceneNode): string =>
  rows.map(({ name }) => (name === "" && kind === "exchange" ? "default exchange" : name)).join(", ");

const span = (name: string, ...children: (Node | string)[]): HTMLElement => el("span", { class: name }, ...children);

function contents(node: SceneNode): { children: HTMLElement[]; parts: Record<string, HTMLElement> } {
  const marks = span("marks");
  const head = span("head", span("name", nodeName(node)), marks);
  const parts: Record<string, HTMLElement> = { marks };
  const part = (name: string): HTMLElement => (parts[name] = span(name));
  switch (node.kind) {
    case "queue":
    case "template": {
      const numbers = span("numbers", part("depth"), span("beside", part("flow"), part("people")));
      return { children: [head, span("sub", subtitle(node as never, node.ladder ?? [])), numbers, span("bar", part("fill"))], parts };
    }
    case "exchange":
      return { children: [head, span("sub", [node.type ?? "", ...node.details].filter(Boolean).join(" · "), part("flow"))], parts };
    case "publisher":
    case "consumer":
      return {
        children: node.rows.map(({ name, note }, at) =>
          span(
            "row",
            span("name", name),
            ...(note === undefined ? [] : [span("note", note)]),
            ...(at === 0 ? [marks] : []),
            part(`row${at}`),
          ),
        ),
        parts,
      };
    case "label":
      return {
        children: node.rows.map(({ name }, at) => span("row", span("name", name), ...(at === 0 ? [part("value")] : []))),
        parts,
      };
    default:
      return { children: [head, ...(node.details.length > 0 ? [span("sub", node.details.join(" · "))] : [])], parts };
  }
}

export class Board {
  readonly element: HTMLElement;
  readonly boxes = new Map<string, Box>();
  readonly #lines = new Map<string, Element[]>();
  /** Nodes before and behind a node, labels left out. */
  readonly #next = new Map<string, { before: Set<string>; behind: Set<string> }>();
  #current: string | undefined;
  readonly #pending = new Set<Box>();
  #working = false;

  constructor(
    readonly scene: Scene,
    onOpen: (id: string) => void,
  ) {
    const lines = svg("svg", { width: scene.width, height: scene.height, class: "lines", "aria-hidden": "true" });
    for (const { id, kind, path, arrow } of scene.edges) {
      const parts = [
        svg("path", { class: `line ${kind}`, d: path }),
        ...(arrow === undefined ? [] : [svg("path", { class: `tip ${kind}`, d: arrow })]),
      ];
      this.#lines.set(id, parts);
      lines.append(...parts);
    }
    const board = el("div", {
      class: "board",
      role: "group",
      "aria-label": "Flow of messages. Arrow keys go from box to box, Enter opens one.",
    });
    flag(board, "many", scene.edges.length > MANY);
    for (const frame of scene.frames) {
      const title = el(
        "div",
        { class: "frame" },
        el("h2", {}, frame.topology),
        frame.description !== undefined && el("p", {}, frame.description),
      );
      placed(title, frame);
      board.append(title);
    }
    board.append(lines);
    for (const node of scene.nodes) board.append(this.#draw(node, onOpen));
    board.style.width = `${scene.width}px`;
    board.style.height = `${scene.height}px`;
    this.element = board;
    this.#connect();
    const [first] = this.reachable();
    if (first) this.#tabStop(first.node.id);
  }

  #draw(node: SceneNode, onOpen: (id: string) => void): HTMLElement {
    const { children, parts } = contents(node);
    const kind = node.kind === "label" ? `label ${node.of ?? ""}` : node.kind;
    const classes = `node ${kind}${node.deadLetters ? " dead" : ""}`;
    const whole = [TITLES[node.kind] ?? "", nodeName(node), ...node.details].filter(Boolean).join("\n");
    const element =
      node.kind === "label"
        ? el("div", { class: classes, title: node.details.join("\n") || undefined }, ...children)
        : el(
            "button",
            { class: classes, type: "button", tabindex: -1, title: whole, "data-id": node.id, onclick: () => onOpen(node.id) },
            ...children,
          );
    placed(element, node);
    const box: Box = { node, element, parts, live: {}, alerts: 0, drifted: 0 };
    this.boxes.set(node.id, box);
    if (node.kind !== "label") {
      element.addEventListener("focus", () => this.#tabStop(node.id));
      this.#describe(box);
    }
    return element;
  }

  #connect(): void {
    const direct = new Map<string, string[]>();
    for (const { from, to } of this.scene.edges) direct.set(from, [...(direct.get(from) ?? []), to]);
    for (const { node } of this.reachable()) this.#next.set(node.id, { before: new Set(), behind: new Set() });
    for (const { node } of this.reachable()) {
      const seen = (direct.get(node.id) ?? []).flatMap((id) => (this.boxes.get(id)?.node.kind === "label" ? (direct.get(id) ?? []) : [id]));
      for (const id of seen) {
        this.#next.get(node.id)?.behind.add(id);
        this.#next.get(id)?.before.add(node.id);
      }
    }
  }

  /** All that can have the focus. */
  reachable(): Box[] {
    return [...this.boxes.values()].filter(({ node }) => node.kind !== "label");
  }

  /** One box is on the way of the Tab key; arrows lead to the others. */
  #tabStop(id: string): void {
    if (this.#current !== undefined) this.boxes.get(this.#current)?.element.setAttribute("tabindex", "-1");
    this.boxes.get(id)?.element.setAttribute("tabindex", "0");
    this.#current = id;
  }

  get current(): string | undefined {
    return this.#current;
  }

  /** The neighbour in a direction: along the lines to the left and right, else the nearest. */
  neighbour(id: string, key: "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown"): string | undefined {
    const from = this.boxes.get(id)?.node;
    if (!from) return undefined;
    const centre = ({ x, y, width, height }: SceneNode): readonly [number, number] => [x + width / 2, y + height / 2];
    const [cx, cy] = centre(from);
    const sideways = key === "ArrowLeft" || key === "ArrowRight";
    const sign = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
    const next = this.#next.get(id);
    const joined = sideways ? [...((sign > 0 ? next?.behind : next?.before) ?? [])].flatMap((one) => this.boxes.get(one) ?? []) : [];
    const among = joined.length > 0 ? joined : this.reachable().filter(({ node }) => node.id !== id);
    let best: string | undefined;
    let least = Infinity;
    for (const { node } of among) {
      const [x, y] = centre(node);
      const [along, across] = sideways ? [(x - cx) * sign, Math.abs(y - cy)] : [(y - cy) * sign, Math.abs(x - cx)];
      if (joined.length === 0 && along <= 4) continue;
      const distance = joined.length > 0 ? across : along + across * 3;
      if (distance < least) [least, best] = [distance, node.id];
    }
    return best;
  }

  /** Numbers are known at once, and shown over as many frames as they need. */
  update({ nodes, edges }: LiveEvent): void {
    for (const [id, live] of Object.entries(nodes)) {
      const box = this.boxes.get(id);
      if (!box) continue;
      box.live = live;
      this.#pending.add(box);
    }
    this.#work();
    for (const [id, value] of Object.entries(edges)) {
      for (const part of this.#lines.get(id) ?? []) flag(part, "active", value > 0);
      const label = this.boxes.get(id);
      if (!label) continue;
      const isDead = label.node.of === "dead-letter";
      if (label.parts["value"]) write(label.parts["value"], isDead ? (value > 0 ? count(value) : "") : value > 0 ? rate(value) : "");
      flag(label.element, "active", value > 0);
    }
  }

  #work(): void {
    const until = performance.now() + FRAME_MS;
    for (const box of this.#pending) {
      this.#pending.delete(box);
      this.#show(box);
      this.#describe(box);
      if (performance.now() > until) break;
    }
    if (this.#pending.size === 0 || this.#working) return;
    this.#working = true;
    requestAnimationFrame(() => {
      this.#working = false;
      this.#work();
    });
  }

  #show({ node, element, parts, live }: Box): void {
    flag(element, "missing", live.missing === true);
    if (node.kind === "queue" || node.kind === "template") {
      const { depth, unacked, consumers, waiting, arriving, instances, forsaken, full } = live;
      write(parts["depth"] as HTMLElement, live.missing ? "missing" : depth === undefined ? "–" : count(depth));
      const flow = node.deadLetters
        ? arriving
          ? `${rate(arriving / 60)} arriving`
          : ""
        : live.in === undefined && live.out === undefined
          ? ""
          : `in ${rate(live.in ?? 0)} · out ${rate(live.out ?? 0)}`;
      write(parts["flow"] as HTMLElement, flow);
      const people = [
        ...(instances === undefined ? [] : [plural(instances, "queue")]),
        ...(unacked ? [`${count(unacked)} unacked`] : []),
        ...(waiting ? [`${count(waiting)} waiting`] : []),
        ...(consumers === undefined || (node.deadLetters && consumers === 0) ? [] : [plural(consumers, "consumer")]),
      ];
      // Two words fit.
      write(parts["people"] as HTMLElement, people.slice(-2).join(" · "));
      flag(element, "forsaken", forsaken === true);
      flag(element, "holds", (depth ?? 0) > 0);
      const fill = parts["fill"] as HTMLElement;
      fill.style.transform = `scaleX(${(full ?? 0).toFixed(3)})`;
      flag(fill, "high", (full ?? 0) >= 0.8);
    } else if (node.kind === "exchange") {
      write(parts["flow"] as HTMLElement, live.missing ? "missing" : live.in ? rate(live.in) : "");
    } else {
      live.rows?.forEach((value, at) => {
        const part = parts[`row${at}`];
        if (!part) return;
        write(part, String(value));
        flag(part, "none", value === 0);
      });
    }
  }

  mark(id: string, alerts: number, drifted: number): void {
    const box = this.boxes.get(id);
    if (!box || (box.alerts === alerts && box.drifted === drifted)) return;
    Object.assign(box, { alerts, drifted });
    flag(box.element, "alerting", alerts > 0);
    flag(box.element, "drifted", drifted > 0);
    box.parts["marks"]?.replaceChildren(
      ...(alerts > 0 ? [el("span", { class: "mark alert", title: plural(alerts, "alert") }, `! ${alerts > 1 ? alerts : ""}`.trim())] : []),
      ...(drifted > 0 ? [el("span", { class: "mark drift", title: `${plural(drifted, "difference")} from the topology` }, "≠")] : []),
    );
    this.#describe(box);
  }

  /** The whole in words, for those who hear it. */
  #describe({ node, element, live, alerts, drifted }: Box): void {
    const kind = node.kind === "consumer" ? "consuming service" : node.kind === "publisher" ? "publishing service" : node.kind;
    const words = [
      `${node.deadLetters ? "dead-letter queue" : kind} ${nodeName(node)}`,
      ...(live.missing ? ["missing on the broker"] : []),
      ...(live.depth === undefined ? [] : [plural(live.depth, "message")]),
      ...(live.waiting ? [`${live.waiting} waiting for a retry`] : []),
      ...(live.consumers === undefined ? [] : [plural(live.consumers, "consumer")]),
      ...(live.forsaken ? ["without the consumers that it should have"] : []),
      ...(live.rows ? [`connected consumers: ${live.rows.join(", ")}`] : []),
      ...(alerts > 0 ? [plural(alerts, "alert")] : []),
      ...(drifted > 0 ? [plural(drifted, "difference from the topology", "differences from the topology")] : []),
    ];
    const text = words.join(", ");
    if (element.getAttribute("aria-label") !== text) element.setAttribute("aria-label", text);
  }

  /** Highlights a path, and lets the rest step back; `undefined` ends that. */
  highlight(nodes: readonly string[] | undefined, edges: readonly string[] = []): void {
    flag(this.element, "following", nodes !== undefined);
    const [on, lit] = [new Set(nodes), new Set(edges)];
    for (const [id, { element }] of this.boxes) flag(element, "on-path", on.has(id));
    for (const [id, parts] of this.#lines) for (const part of parts) flag(part, "on-path", lit.has(id));
  }

  /** Boxes with these words in their names, in the order of the flow; the others step back. */
  search(text: string): string[] {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    flag(this.element, "searching", words.length > 0);
    const found: SceneNode[] = [];
    for (const { node, element } of this.reachable()) {
      const all = `${nodeName(node)} ${node.kind} ${node.type ?? ""}`.toLowerCase();
      const isFound = words.length > 0 && words.every((word) => all.includes(word));
      flag(element, "found", isFound);
      if (isFound) found.push(node);
    }
    return found.sort((a, b) => a.x - b.x || a.y - b.y).map(({ id }) => id);
  }

  select(id: string | undefined): void {
    for (const { node, element } of this.boxes.values()) flag(element, "selected", node.id === id);
  }
}

function placed(element: HTMLElement, { x, y, width, height }: { x: number; y: number; width: number; height: number }): void {
  Object.assign(element.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
}
