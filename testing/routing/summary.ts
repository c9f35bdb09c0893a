/** Counts what a comparison covered: one that covers nothing would agree with anything. */
import type { Compared } from "./compare.js";

/** Numbers by what they count. */
export type Counts = Readonly<Record<string, number>>;

export class Summary {
  private readonly counted = new Map<string, number>();

  private count(what: string, by = 1): void {
    this.counted.set(what, (this.counted.get(what) ?? 0) + by);
  }

  see({ scene: { topology, messages }, answers, outcomes }: Compared): void {
    this.count("topologies");
    for (const { type, alternateExchange, from = {} } of Object.values(topology.exchanges ?? {})) {
      this.count(`exchanges: ${type}`);
      if (alternateExchange !== undefined) this.count("exchanges with an alternate");
      this.count("exchanges bound to exchanges", Object.keys(from).length);
    }
    for (const queue of Object.values(topology.queues ?? {})) this.count(`queues: ${queue.type}`);
    this.count("policies by hand", Object.keys(topology.policies ?? {}).length);
    this.count("operator policies", Object.keys(topology.operatorPolicies ?? {}).length);
    answers.forEach((said, index) => {
      const sent = messages[index];
      if (!said || !sent) return this.count("messages left out");
      this.count("messages");
      this.count(`messages: ${said.then}`);
      if (sent.cc) this.count("messages with CC");
      if (sent.bcc) this.count("messages with BCC");
      if (sent.expiration !== undefined) this.count("messages with an expiration");
      for (const { returned, nacked, ends } of outcomes[index] ?? []) {
        this.count("copies published");
        if (returned) this.count("copies returned");
        if (nacked) this.count("copies nacked");
        this.count("copies found in queues", ends.length);
        for (const { deaths } of ends) {
          for (const { reason, count } of deaths) this.count(`deaths: ${reason}`, count);
          if (deaths.length > 1) this.count("copies with two deaths or more");
        }
      }
    });
  }

  counts(): Counts {
    return Object.fromEntries([...this.counted].sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}
