/** Brokers whose TLS is weaker than declared. */
import { makeCertificates } from "../../testing/certificates.js";
import { TLS_ONLY } from "../../testing/tls-broker.js";
import type { Mutation } from "../mutation.js";

const topology = { queues: { orders: { type: "quorum", maxLength: 100 } } } as const;
const probe = "tls";

export const tls: readonly Mutation[] = [
  {
    probe,
    name: "the port without TLS is open",
    topology,
    container: true,
    change: ({ container }) => container().configure(["listeners.tcp.1 = 5672"]),
    undo: ({ container }) => container().configure(),
    says: /amqp:\/\/.* speaks AMQP without TLS, and it is declared to be closed/,
  },
  {
    probe,
    name: "TLS 1.1 is accepted, and 1.3 no longer",
    topology,
    container: true,
    change: ({ container }) =>
      container().configure([
        TLS_ONLY,
        ...["ssl_options.versions.1 = tlsv1.2", "ssl_options.versions.2 = tlsv1.1"],
        ...["ssl_options.ciphers.1 = ECDHE-ECDSA-AES256-GCM-SHA384", "ssl_options.ciphers.2 = ECDHE-ECDSA-AES256-SHA"],
      ]),
    undo: ({ container }) => container().configure(),
    says: /accepts TLSv1\.1, and TLSv1\.2 is declared as the oldest\n.* refuses TLSv1\.3 \(.*\), and it is declared from TLSv1\.2 on/,
  },
  {
    probe,
    name: "the certificate is for another host",
    topology,
    container: true,
    change: async ({ container }) => {
      await container().certify(await makeCertificates(["DNS:elsewhere.example"]));
      await container().configure();
    },
    undo: async ({ container }) => {
      await container().certify();
      await container().configure();
    },
    says: /the certificate of amqps:\/\/.* is not accepted for host "127\.0\.0\.1"/,
  },
];
