/** What this folder uses of rascal beyond the declarations beside its tests: bodies that it writes itself. */
declare module "rascal" {
  interface BrokerAsPromised {
    publish(name: string, body: object): Promise<Publication>;
  }
}
