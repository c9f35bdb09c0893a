/** What is used of rascal, which has no types of its own. */
declare module "rascal" {
  type Listener = (error: Error) => void;
  interface Publication {
    on(event: "success", listener: () => void): this;
    on(event: "error", listener: Listener): this;
    on(event: "return", listener: () => void): this;
  }
  interface Recovery {
    readonly strategy: "nack" | "republish" | "ack";
    readonly defer?: number;
    readonly requeue?: boolean;
  }
  type AckOrNack = (error?: Error, recovery?: readonly Recovery[]) => void;
  interface Subscription {
    on(event: "error" | "cancel", listener: Listener): this;
    on(event: "message", listener: (message: { readonly content: Buffer }, content: unknown, ackOrNack: AckOrNack) => void): this;
  }
  export class BrokerAsPromised {
    static create(config: unknown): Promise<BrokerAsPromised>;
    on(event: "error", listener: Listener): this;
    publish(name: string, content: Buffer, overrides: { readonly options: { readonly messageId: string } }): Promise<Publication>;
    subscribe(name: string): Promise<Subscription>;
    shutdown(): Promise<void>;
  }
  export function withDefaultConfig(config: unknown): unknown;
}
