/** What is said of one box when it is opened; for a queue of dead letters its last messages too. */
import type { AlertMark, DriftEvent, LetterRow, Letters, NodeLive, QueueDetails, RequeueAnswer, SceneNode } from "../protocol.js";
import type { Api } from "./api.js";
import { nodeName } from "./board.js";
import { el } from "./dom.js";
import { ago, count, plural, rate } from "./format.js";

export interface Shown {
  readonly node: SceneNode;
  readonly live: NodeLive;
  readonly alerts: readonly AlertMark[];
  readonly drift: DriftEvent["marks"];
}

const failure = (error: unknown): HTMLElement =>
  el("p", { class: "fault", role: "alert" }, error instanceof Error ? error.message : String(error));

const section = (title: string, ...children: (HTMLElement | false)[]): HTMLElement => el("section", {}, el("h3", {}, title), ...children);

const pairs = (rows: readonly (readonly [string, string, string?])[]): HTMLElement =>
  el(
    "dl",
    {},
    ...rows.flatMap(([name, value, note]) => [el("dt", {}, name), el("dd", {}, value, note !== undefined && el("small", {}, note))]),
  );

export function marksOf({ alerts, drift }: Pick<Shown, "alerts" | "drift">): HTMLElement[] {
  return [
    ...alerts.map(({ title, text, severity, since, runbook }) =>
      el(
        "div",
        { class: "notice alert" },
        el("strong", {}, `! ${title}`),
        el("small", {}, [severity, ago(since, Date.now())].filter(Boolean).join(" · ")),
        text !== "" && el("p", {}, text),
        runbook !== undefined && el("a", { href: runbook, target: "_blank", rel: "noreferrer noopener" }, "Runbook"),
      ),
    ),
    ...drift.map(({ title, text, kind }) =>
      el("div", { class: "notice drift" }, el("strong", {}, `≠ ${title}`), el("small", {}, kind), el("p", {}, text)),
    ),
  ];
}

export class Panel {
  readonly element = el("aside", { class: "panel", "aria-label": "Details", hidden: true });
  readonly #now = el("div", {});
  #shown: Shown | undefined;
  #request = new AbortController();

  constructor(
    private readonly api: Api,
    private readonly write: boolean,
    private readonly onClose: () => void,
    private readonly onGo: (vhost: string, queue: string) => void,
  ) {}

  get open(): string | undefined {
    return this.#shown?.node.id;
  }

  close(): void {
    this.#request.abort();
    this.#shown = undefined;
    this.element.hidden = true;
    this.element.replaceChildren();
  }

  show(shown: Shown): void {
    this.#request.abort();
    this.#request = new AbortController();
    this.#shown = shown;
    this.#now.replaceChildren(this.#numbers());
    const { node } = shown;
    const heading = el("h2", { tabindex: -1 }, nodeName(node));
    const body = el("div", { class: "body" });
    const kind = node.deadLetters ? "dead-letter queue" : node.kind === "template" ? "queue per instance" : node.kind;
    this.element.replaceChildren(
      el(
        "header",
        {},
        el("p", { class: "kind" }, [kind, node.type].filter(Boolean).join(" · ")),
        heading,
        el("button", { type: "button", class: "close", "aria-label": "Close", onclick: this.onClose }, "×"),
      ),
      body,
    );
    this.element.hidden = false;
    this.element.scrollTop = 0;
    body.append(...marksOf(shown));
    if (node.kind === "queue" && node.type !== "super-stream") void this.#queue(shown, body, this.#request.signal);
    else body.append(section("Now", this.#now));
    heading.focus({ preventScroll: true });
  }

  /** New numbers of the box that is open. */
  update(live: NodeLive): void {
    if (!this.#shown) return;
    this.#shown = { ...this.#shown, live };
    this.#now.replaceChildren(this.#numbers());
  }

  #numbers(): HTMLElement {
    if (!this.#shown) return pairs([]);
    const { live, node } = this.#shown;
    const { missing, depth, unacked, waiting, instances, consumers } = live;
    const row = (name: string, value: number | undefined, text: (value: number) => string = count): [string, string][] =>
      value === undefined ? [] : [[name, text(value)]];
    return pairs([
      ...(missing ? [["on the broker", "missing"] as const] : []),
      ...row("queues there", instances),
      ...row("messages", depth),
      ...row("unacknowledged", unacked),
      ...row("waiting for a retry", waiting),
      ...row("in", live.in, rate),
      ...row("out", live.out, rate),
      ...row("consumers", consumers),
      ...node.rows.flatMap(({ name }, at) =>
        live.rows === undefined ? [] : row(name, live.rows[at] ?? 0, (value) => plural(value, "consumer")),
      ),
      ...(node.details.length > 0 && node.kind !== "queue" ? [["settings", node.details.join(", ")] as const] : []),
      ["vhost", node.vhost],
    ]);
  }

  async #queue(shown: Shown, body: HTMLElement, signal: AbortSignal): Promise<void> {
    const { node } = shown;
    const name = node.rows[0]?.name ?? "";
    const waiting = el("p", { class: "quiet" }, "Reading …");
    body.append(waiting);
    try {
      const details = await this.api.get<QueueDetails>("/api/queue", { vhost: node.vhost, name }, signal);
      waiting.remove();
      body.append(...this.#details(shown, details));
      if (node.deadLetters && details.onBroker) body.append(this.#letters(node.vhost, name, signal));
    } catch (error) {
      if (!signal.aborted) waiting.replaceWith(failure(error));
    }
  }

  #details({ node }: Shown, details: QueueDetails): HTMLElement[] {
    const go = (queue: string): HTMLElement =>
      el("button", { type: "button", class: "link", onclick: () => this.onGo(node.vhost, queue) }, queue);
    const table = (rows: readonly (readonly (HTMLElement | string)[])[]): HTMLElement =>
      el("table", {}, el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell))))));
    const held = (messages: number | undefined): string => (messages === undefined ? "missing" : plural(messages, "message"));
    return [
      section("Now", this.#now),
      ...(details.node === undefined
        ? []
        : [
            section(
              "Place",
              pairs([
                ["leader", details.node],
                ...(details.members === undefined || details.members.length < 2 ? [] : [["members", details.members.join(", ")] as const]),
              ]),
            ),
          ]),
      section(
        "Policy",
        pairs([
          ["winning", details.policy ?? "none"],
          ...(details.operatorPolicy === undefined ? [] : [["operator", details.operatorPolicy] as const]),
        ]),
      ),
      ...(details.settings.length > 0
        ? [section("Settings", pairs(details.settings.map(({ key, value, source }) => [key, value, source] as const)))]
        : []),
      section("Arguments", pairs(details.arguments.map(({ key, value }) => [key, value] as const))),
      ...(details.ladder.length > 0
        ? [
            section(
              "Retry ladder",
              table(details.ladder.map(({ queue, waits, messages }, at) => [`${at + 1}`, waits, queue, held(messages)])),
            ),
          ]
        : []),
      ...(details.deadLetterQueues.length > 0
        ? [section("Dead letters go to", table(details.deadLetterQueues.map(({ queue, messages }) => [go(queue), held(messages)])))]
        : []),
      ...(details.bindings.length > 0
        ? [section("Bindings", table(details.bindings.map(({ source, key }) => [source, key === "" ? "any key" : key])))]
        : []),
      section(
        "Consumers",
        details.consumers.length === 0
          ? el("p", { class: "quiet" }, "None.")
          : table(details.consumers.map(({ user, tag }) => [user === "" ? "(unknown)" : user, tag])),
      ),
    ];
  }

  #letters(vhost: string, name: string, signal: AbortSignal): HTMLElement {
    const list = el("div", { class: "letters" });
    const status = el("p", { class: "quiet", role: "status" });
    const bodies = el("input", { type: "checkbox" });
    const busy = (on: boolean): void => {
      for (const button of holder.querySelectorAll("button")) button.disabled = on;
    };
    const look = async (): Promise<void> => {
      busy(true);
      status.textContent = "Looking …";
      try {
        const found = await this.api.get<Letters>("/api/letters", { vhost, name, body: bodies.checked ? "1" : "0" }, signal);
        status.textContent = found.stopped ?? lookedText(found);
        list.replaceChildren(...found.letters.map(letterView));
      } catch (error) {
        if (!signal.aborted) status.replaceChildren(failure(error));
      }
      busy(false);
    };
    bodies.addEventListener("change", () => void look());
    const requeued = el("div", { class: "requeue" });
    const plan = async (): Promise<void> => {
      busy(true);
      try {
        const found = await this.api.post<RequeueAnswer>("/api/requeue", { vhost, name }, signal);
        requeued.replaceChildren(this.#confirm(found, requeued, look, signal));
        requeued.querySelector("button")?.focus();
      } catch (error) {
        if (!signal.aborted) requeued.replaceChildren(failure(error));
      }
      busy(false);
    };
    const holder = section(
      "Last messages",
      el(
        "div",
        { class: "bar-of-buttons" },
        el("button", { type: "button", onclick: () => void look() }, "Look"),
        el("label", {}, bodies, " with bodies"),
        this.write && el("button", { type: "button", class: "write", onclick: () => void plan() }, "Put back …"),
      ),
      requeued,
      status,
      list,
    );
    void look();
    return holder;
  }

  #confirm({ text, ticket, matched }: RequeueAnswer, holder: HTMLElement, look: () => Promise<void>, signal: AbortSignal): HTMLElement {
    const lines = text.split("\n").map((line) => el("p", {}, line));
    if (ticket === undefined) return el("div", { class: "notice" }, ...lines);
    const act = async (): Promise<void> => {
      holder.replaceChildren(el("p", { class: "quiet" }, "Putting back …"));
      try {
        const done = await this.api.post<RequeueAnswer>("/api/requeue", { ticket }, signal);
        holder.replaceChildren(el("div", { class: "notice", role: "status" }, ...done.text.split("\n").map((line) => el("p", {}, line))));
        await look();
      } catch (error) {
        if (!signal.aborted) holder.replaceChildren(failure(error));
      }
    };
    return el(
      "div",
      { class: "notice" },
      ...lines,
      el(
        "div",
        { class: "bar-of-buttons" },
        el("button", { type: "button", class: "write", onclick: () => void act() }, `Put back ${plural(matched, "message")}`),
        el("button", { type: "button", onclick: () => holder.replaceChildren() }, "Cancel"),
      ),
    );
  }
}

const lookedText = ({ total, looked, letters }: Letters): string =>
  total === 0
    ? "None."
    : `${letters.length} of ${count(total)}, the latest first${looked < total ? `; among the first ${count(looked)}` : ""}.`;

/** Headers of the broker and of the retry protocol are told in words above. */
const OWN = /^(?!warren-|x-death$|x-(first|last)-death-|x-acquired-count$|x-delivery-count$)/;

function letterView(letter: LetterRow): HTMLElement {
  const headers = Object.entries(letter.headers).filter(([name]) => OWN.test(name));
  const text = letter.body ?? letter.bodyBase64;
  return el(
    "article",
    { class: "letter" },
    el(
      "p",
      { class: "title" },
      el("strong", {}, letter.message ?? letter.key),
      el("span", {}, letter.died === null ? "" : ago(letter.died, Date.now())),
    ),
    pairs([
      ["reason", letter.reason ?? "unknown"],
      ["died in", letter.from ?? "unknown"],
      ...(letter.id === null ? [] : [["id", letter.id] as const]),
      ...(letter.attempt === null ? [] : [["attempts", String(letter.attempt)] as const]),
      ...(letter.requeued === 0 ? [] : [["put back", plural(letter.requeued, "time")] as const]),
      ["key", letter.key === "" ? "(empty)" : letter.key],
      ...headers.map(([name, value]) => [name, JSON.stringify(value)] as const),
      [
        "body",
        `${plural(letter.bytes, "byte")}${letter.contentType === null ? "" : `, ${letter.contentType}`}${text === undefined ? ", hidden" : ""}`,
      ],
    ]),
    text !== undefined && el("pre", { tabindex: 0 }, letter.cut ? `${text}\n…` : text),
  );
}
