/** The page: puts its parts together, follows the broker, listens to the keyboard. */
import type { AlertsEvent, DriftEvent, LiveEvent, Opening, PathAnswer, StatusEvent, Totals } from "../protocol.js";
import { Api, ApiError, takeToken } from "./api.js";
import { Board } from "./board.js";
import { el, flag, write } from "./dom.js";
import { count, plural, rate } from "./format.js";
import { marksOf, Panel } from "./panel.js";
import { themeSwitch } from "./theme.js";
import { View } from "./view.js";

function start(api: Api, opening: Opening): void {
  const { scene } = opening;
  const title = scene.frames.map(({ topology }) => topology).join(", ");
  document.title = `${title} · Warren`;
  let drift: DriftEvent = { marks: [] };
  let alerts: AlertsEvent = { marks: [] };

  // Boxes

  const board = new Board(scene, (id) => open(id));
  const zoomed = el("output", { class: "zoom", "aria-label": "Zoom" });
  const view = new View(board.element, scene, (scale) => write(zoomed, `${Math.round(scale * 100)}%`));
  const panel = new Panel(
    api,
    opening.write,
    () => close(),
    (vhost, queue) => {
      const to = [...board.boxes.values()].find(
        ({ node }) => node.kind === "queue" && node.vhost === vhost && node.rows[0]?.name === queue,
      );
      if (to) open(to.node.id);
    },
  );

  function open(id: string): void {
    const box = board.boxes.get(id);
    if (!box) return;
    const own = <T extends { readonly node?: string }>(marks: readonly T[]): T[] => marks.filter(({ node }) => node === id);
    board.select(id);
    panel.show({ node: box.node, live: box.live, alerts: own(alerts.marks), drift: own(drift.marks) });
    view.reveal(box.node);
  }

  function close(): void {
    const was = panel.open;
    panel.close();
    board.select(undefined);
    if (was !== undefined) go(was);
  }

  function go(id: string): void {
    const box = board.boxes.get(id);
    if (!box) return;
    view.reveal(box.node);
    box.element.focus({ preventScroll: true });
  }

  // Numbers of the whole

  const figures = {
    messages: figure("messages"),
    deadLetters: figure("dead letters"),
    in: figure("in"),
    out: figure("out"),
    consumers: figure("consumers"),
  };
  const driftButton = el("button", {
    type: "button",
    class: "chip",
    onclick: () => list("Drift", { alerts: [], drift: drift.marks }, drift.fault),
  });
  const alertButton = el("button", {
    type: "button",
    class: "chip",
    onclick: () => list("Alerts", { alerts: alerts.marks, drift: [] }, alerts.fault),
  });
  const status = el("span", { class: "status", role: "status" }, "connecting");

  function showTotals(totals: Totals): void {
    write(figures.messages.value, count(totals.messages));
    write(figures.deadLetters.value, count(totals.deadLetters));
    flag(figures.deadLetters.element, "bad", totals.deadLetters > 0);
    write(figures.in.value, rate(totals.in));
    write(figures.out.value, rate(totals.out));
    write(figures.consumers.value, count(totals.consumers));
    write(figures.consumers.name, totals.consumers === 1 ? "consumer" : "consumers");
  }

  function showStatus({ ok, fault, pause }: StatusEvent): void {
    flag(status, "ok", ok);
    write(status, ok ? `live, every ${Math.round(pause / 1000)} s` : "broker does not answer");
    status.title = fault ?? opening.broker;
  }

  function showMarks(): void {
    const by = (marks: readonly { readonly node?: string }[]): Map<string, number> => {
      const found = new Map<string, number>();
      for (const { node } of marks) if (node !== undefined) found.set(node, (found.get(node) ?? 0) + 1);
      return found;
    };
    const [drifted, alerting] = [by(drift.marks), by(alerts.marks)];
    for (const id of board.boxes.keys()) board.mark(id, alerting.get(id) ?? 0, drifted.get(id) ?? 0);
    write(
      driftButton,
      drift.fault !== undefined ? "drift unknown" : drift.marks.length === 0 ? "no drift" : `≠ ${plural(drift.marks.length, "difference")}`,
    );
    flag(driftButton, "drift", drift.marks.length > 0 || drift.fault !== undefined);
    write(
      alertButton,
      alerts.fault !== undefined ? "alerts unknown" : alerts.marks.length === 0 ? "no alerts" : `! ${plural(alerts.marks.length, "alert")}`,
    );
    flag(alertButton, "alert", alerts.marks.length > 0 || alerts.fault !== undefined);
  }

  /** Everything of a kind, in a dialog: marks that concern no box are nowhere else. */
  function list(heading: string, marks: Parameters<typeof marksOf>[0], fault: string | undefined): void {
    const none = marks.alerts.length + marks.drift.length === 0 && fault === undefined;
    const dialog = el(
      "dialog",
      { "aria-label": heading },
      el(
        "header",
        {},
        el("h2", {}, heading),
        el("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close() }, "×"),
      ),
      el(
        "div",
        { class: "body" },
        fault !== undefined && el("p", { class: "fault" }, fault),
        none && el("p", { class: "quiet" }, "None."),
        ...marksOf(marks),
      ),
    );
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  // Search

  const search = el("input", {
    type: "search",
    placeholder: "Search",
    "aria-label": "Search boxes",
    "aria-keyshortcuts": "/",
    spellcheck: "false",
  });
  const hits = el("output", { class: "hits", "aria-live": "polite" });
  let found: string[] = [];
  let at = -1;
  search.addEventListener("input", () => {
    found = board.search(search.value);
    at = -1;
    write(hits, search.value.trim() === "" ? "" : plural(found.length, "box", "boxes"));
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && found.length > 0) {
      event.preventDefault();
      at = (at + (event.shiftKey ? found.length - 1 : 1)) % found.length;
      const box = board.boxes.get(found[at] ?? "");
      if (box) view.reveal(box.node);
      write(hits, `${at + 1} of ${found.length}`);
      board.select(found[at]);
    } else if (event.key === "ArrowDown" && found.length > 0) {
      event.preventDefault();
      go(found[Math.max(0, at)] ?? "");
    }
  });

  function endSearch(): void {
    search.value = "";
    search.dispatchEvent(new Event("input"));
    board.select(panel.open);
  }

  // The path of a key

  const vhosts = [...new Set(opening.exchanges.map(({ vhost }) => vhost))];
  const exchange = el(
    "select",
    { "aria-label": "Exchange", id: "exchange" },
    ...opening.exchanges.map(({ vhost, name, type }, index) =>
      el("option", { value: index }, `${name === "" ? "default exchange" : name}${vhosts.length > 1 ? ` (${vhost})` : ""} · ${type}`),
    ),
  );
  const key = el("input", {
    type: "text",
    placeholder: "routing key",
    "aria-label": "Routing key",
    id: "key",
    spellcheck: "false",
    autocomplete: "off",
  });
  const headers = el("input", {
    type: "text",
    placeholder: "headers: a=b n:=1",
    "aria-label": "Headers",
    id: "headers",
    spellcheck: "false",
    autocomplete: "off",
  });
  const verdict = el("output", { class: "verdict", for: "exchange key headers" });
  const clear = el("button", { type: "button", class: "quiet-button", hidden: true, onclick: () => endPath() }, "Clear");
  let asked = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function follow(): Promise<void> {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    const from = opening.exchanges[Number(exchange.value)];
    if (!from) return;
    try {
      const body = { vhost: from.vhost, exchange: from.name, key: key.value, headers: headers.value };
      const answer = await api.post<PathAnswer>("/api/route", body, signal);
      write(verdict, answer.fault ?? answer.verdict);
      verdict.title = answer.queues.map(({ name, certain }) => `${name}${certain ? "" : " (perhaps)"}`).join("\n");
      flag(verdict, "bad", answer.fault !== undefined || !answer.reaches);
      board.highlight(answer.nodes, answer.edges);
      clear.hidden = false;
      const first = board.boxes.get(answer.nodes[0] ?? "");
      if (first) view.reveal(first.node);
    } catch (error) {
      if (!signal.aborted) write(verdict, error instanceof Error ? error.message : String(error));
    }
  }

  function endPath(): void {
    clearTimeout(timer);
    asked.abort();
    key.value = headers.value = "";
    write(verdict, "");
    clear.hidden = true;
    board.highlight(undefined);
  }

  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void follow(), 150);
  };
  for (const input of [key, headers, exchange]) input.addEventListener("input", soon);
  for (const input of [key, headers]) {
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") void follow();
    });
  }

  // The keyboard

  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    const typing = target.matches("input, select, textarea");
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      if (panel.open !== undefined) close();
      else if (search.value !== "") endSearch();
      else endPath();
      if (typing && board.current !== undefined) go(board.current);
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const keys: Record<string, () => void> = {
      "/": () => search.focus(),
      k: () => key.focus(),
      "+": () => view.step(1),
      "-": () => view.step(-1),
      "0": () => view.fit(true),
      "1": () => view.fit(false),
    };
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      act();
      return;
    }
    if (!/^Arrow(Left|Right|Up|Down)$/.test(event.key) || !target.dataset["id"]) return;
    event.preventDefault();
    const to = board.neighbour(target.dataset["id"], event.key as "ArrowLeft");
    if (to !== undefined) go(to);
  });

  // Together

  document.body.replaceChildren(
    el(
      "header",
      { class: "top" },
      el("div", { class: "brand" }, el("h1", {}, title), status),
      el("div", { class: "figures" }, ...Object.values(figures).map(({ element }) => element)),
      el(
        "div",
        { class: "tools" },
        driftButton,
        opening.alertmanager && alertButton,
        !opening.write && el("span", { class: "chip plain", title: "Start warren ui with --write to put dead letters back" }, "read-only"),
        themeSwitch(),
      ),
    ),
    el(
      "div",
      { class: "second" },
      el(
        "div",
        { class: "path", role: "group", "aria-label": "Path of a message" },
        el("span", { class: "caption" }, "Path of"),
        exchange,
        key,
        headers,
        clear,
        verdict,
      ),
      el("div", { class: "find" }, hits, search),
      el(
        "div",
        { class: "switch", role: "group", "aria-label": "Zoom" },
        el("button", { type: "button", "aria-label": "Smaller", onclick: () => view.step(-1) }, "−"),
        zoomed,
        el("button", { type: "button", "aria-label": "Larger", onclick: () => view.step(1) }, "+"),
        el("button", { type: "button", onclick: () => view.fit(true) }, "Fit"),
      ),
    ),
    el("main", {}, view.element, panel.element),
  );
  let news: { live?: LiveEvent; status?: StatusEvent; drift?: DriftEvent; alerts?: AlertsEvent } = {};
  let frame: number | undefined;
  view.fit(false);
  showMarks();
  void listen();

  function showNews(): void {
    const { live, status: told, ...marks } = news;
    news = {};
    frame = undefined;
    if (live) {
      board.update(live);
      const seen = panel.open === undefined ? undefined : live.nodes[panel.open];
      if (seen) panel.update(seen);
      showTotals(live.totals);
    }
    if (told) showStatus(told);
    if (marks.drift) drift = marks.drift;
    if (marks.alerts) alerts = marks.alerts;
    if (marks.drift || marks.alerts) showMarks();
  }

  /** Numbers that come within a frame are shown in one. */
  async function listen(): Promise<void> {
    for (let wait = 500; ; wait = Math.min(wait * 2, 10_000)) {
      try {
        await api.events("/api/live", (event, data) => {
          wait = 500;
          if (event === "live") news.live = merged(news.live, data as LiveEvent);
          else if (event === "status") news.status = data as StatusEvent;
          else if (event === "drift") news.drift = data as DriftEvent;
          else news.alerts = data as AlertsEvent;
          // A page that is not seen has no frames: what comes meanwhile is one piece of news.
          frame ??= requestAnimationFrame(showNews);
        });
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return refused(error.message);
      }
      flag(status, "ok", false);
      write(status, "server does not answer");
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** The later of two pieces of news, which tell only what has changed. */
function merged(before: LiveEvent | undefined, now: LiveEvent): LiveEvent {
  if (!before) return now;
  return { ...now, nodes: { ...before.nodes, ...now.nodes }, edges: { ...before.edges, ...now.edges } };
}

function figure(called: string): { element: HTMLElement; value: HTMLElement; name: HTMLElement } {
  const [value, name] = [el("b", {}, "–"), el("span", {}, called)];
  return { element: el("span", { class: "figure" }, value, " ", name), value, name };
}

function refused(why: string): void {
  document.body.replaceChildren(el("main", { class: "refused" }, el("h1", {}, "Not let in"), el("p", { role: "alert" }, why)));
}

async function main(): Promise<void> {
  // The switch sets the colours even where nothing else is shown.
  themeSwitch();
  const token = takeToken();
  if (token === undefined) return refused("Open the address that warren ui has printed: the token is in it.");
  const api = new Api(token);
  try {
    start(api, await api.get<Opening>("/api/scene"));
  } catch (error) {
    refused(error instanceof Error ? error.message : String(error));
  }
}

void main();
