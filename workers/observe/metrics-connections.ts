/** The metrics of the connections: state, losses, time down and blocked. All are worked out when they are read. */
import type { Families } from "./metric-table.js";
import type { ConnectionEvent, Observer, Purpose } from "./observer.js";
import type { LabelSet } from "./tally.js";

const STATES = ["connecting", "open", "blocked", "lost", "closed", "failed"] as const;

/** Adds up the time between `start` and `stop`, and knows it while it runs. */
class Stopwatch {
  private total = 0;
  private since: number | undefined;

  start(): void {
    this.since ??= performance.now();
  }

  stop(): void {
    this.total = this.milliseconds();
    this.since = undefined;
  }

  get running(): boolean {
    return this.since !== undefined;
  }

  private milliseconds(): number {
    return this.total + (this.since === undefined ? 0 : performance.now() - this.since);
  }

  get seconds(): number {
    return this.milliseconds() / 1_000;
  }
}

class Connection {
  state: (typeof STATES)[number] = "connecting";
  losses = 0;
  reconnects = 0;
  private opened = false;
  readonly down = new Stopwatch();
  readonly blocked = new Stopwatch();

  enter(event: ConnectionEvent): void {
    const wasOpen = this.state === "open" || this.state === "blocked";
    this.state = event === "unblocked" ? "open" : event;
    // An attempt to come back ("connecting") stops no clock.
    if (event === "blocked") this.blocked.start();
    else if (event !== "connecting") this.blocked.stop();
    if (event === "lost") {
      // Said after every attempt that failed, too.
      if (wasOpen) this.losses += 1;
      this.down.start();
    } else if (event === "failed") {
      this.down.start();
    } else if (event === "open") {
      if (this.opened && this.down.running) this.reconnects += 1;
      this.opened = true;
      this.down.stop();
    } else if (event === "closed") {
      this.down.stop();
    }
  }
}

export function connections(all: Families, base: LabelSet): Pick<Observer, "connection"> {
  const known = new Map<Purpose, Connection>();

  const each = (of: (connection: Connection) => number) =>
    function* (): Iterable<readonly [LabelSet, number]> {
      for (const [purpose, connection] of known) yield [{ ...base, purpose }, of(connection)];
    };
  all.connected.add(each(({ state }) => (state === "open" || state === "blocked" ? 1 : 0)));
  all.blocked.add(each(({ blocked }) => (blocked.running ? 1 : 0)));
  all.blockedSeconds.add(each(({ blocked }) => blocked.seconds));
  all.connectionLosses.add(each(({ losses }) => losses));
  all.reconnects.add(each(({ reconnects }) => reconnects));
  all.downSeconds.add(each(({ down }) => down.seconds));
  all.connectionState.add(function* () {
    for (const [purpose, { state }] of known) {
      for (const name of STATES) yield [{ ...base, purpose, state: name }, name === state ? 1 : 0];
    }
  });

  return {
    connection(purpose, state) {
      let connection = known.get(purpose);
      if (connection === undefined) known.set(purpose, (connection = new Connection()));
      connection.enter(state);
    },
  };
}
