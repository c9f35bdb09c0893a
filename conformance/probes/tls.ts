/** AMQP over TLS: the versions that are declared and no older ones, a certificate that can be trusted, and no way past it. */
import type { SecureVersion } from "node:tls";
import { shownAddress } from "../../broker/index.js";
import type { Ground } from "../ground.js";
import { addressOf, overTls, plain } from "../handshake.js";
import { Broken, Untried, type Case, type Note, type Probe } from "../probe.js";
import type { TlsTarget } from "../target.js";

const VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const satisfies readonly SecureVersion[];
const SOON_DAYS = 7;
const DAY_MS = 24 * 60 * 60 * 1000;

function declared({ target: { tls } }: Ground): TlsTarget {
  if (!tls) throw new Untried("the target declares no TLS");
  return tls;
}

/** As the management API is asked. */
function clientOf({ target: { management } }: Ground): { readonly cert?: string; readonly key?: string } {
  const { cert, key } = management;
  return { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
}

function versionCase(version: (typeof VERSIONS)[number]): Case {
  return {
    name: version,
    run: async (ground, note) => {
      const { amqpsUrl, minVersion = "TLSv1.2" } = declared(ground);
      const wanted = VERSIONS.indexOf(version) >= VERSIONS.indexOf(minVersion);
      const { amqp, protocol, fault } = await overTls(amqpsUrl, ground.timeouts.connect, { version, client: clientOf(ground) });
      note(
        "tried",
        `${version} at ${shownAddress(amqpsUrl)}: ${protocol === undefined ? `refused (${fault ?? ""})` : `accepted${amqp ? ", AMQP answers" : ""}`}`,
      );
      if (protocol !== undefined && !wanted)
        throw new Broken(`${shownAddress(amqpsUrl)} accepts ${version}, and ${minVersion} is declared as the oldest`);
      if (protocol === undefined && wanted)
        throw new Broken(`${shownAddress(amqpsUrl)} refuses ${version} (${fault ?? ""}), and it is declared from ${minVersion} on`);
      if (wanted && !amqp) throw new Broken(`${shownAddress(amqpsUrl)} accepts ${version}, and then AMQP does not answer: ${fault ?? ""}`);
    },
  };
}

async function checkCertificate(ground: Ground, note: Note): Promise<void> {
  const { amqpsUrl, ca = ground.target.management.ca } = declared(ground);
  const { amqp, certificate, fault } = await overTls(amqpsUrl, ground.timeouts.connect, { verify: { ca }, client: clientOf(ground) });
  const where = `the certificate of ${shownAddress(amqpsUrl)}`;
  if (!amqp || !certificate)
    throw new Broken(`${where} is not accepted for host ${JSON.stringify(addressOf(amqpsUrl).hostname)}: ${fault ?? "it shows none"}`);
  const left = (Date.parse(certificate.valid_to) - Date.now()) / DAY_MS;
  note("read", `${certificate.subjectaltname ?? String(certificate.subject.CN)}, valid until ${certificate.valid_to}`);
  if (left < SOON_DAYS) note("read", `it ends in ${left.toFixed(1)} days: renew it`);
}

async function checkPlain(ground: Ground, note: Note): Promise<void> {
  const { amqpsUrl, plainIsClosed, plainUrl = `amqp://${new URL(amqpsUrl.replace(/^amqps:/, "http:")).hostname}:5672` } = declared(ground);
  const { amqp, fault } = await plain(plainUrl, ground.timeouts.connect);
  note(
    "tried",
    `AMQP without TLS at ${shownAddress(plainUrl)}: ${amqp ? "answers" : (fault ?? "")}${plainIsClosed ? "" : ", which is not declared to be closed"}`,
  );
  if (!plainIsClosed) return;
  if (amqp) throw new Broken(`${shownAddress(plainUrl)} speaks AMQP without TLS, and it is declared to be closed`);
  // Elsewhere it may be open, too; what listens for the machine itself alone is nobody's way in.
  const { listeners = [] } = await ground.management.overview();
  const open = listeners.filter(({ protocol, ip_address: ip = "" }) => protocol === "amqp" && !/^(127\.|::1$)/.test(ip));
  const named = open.map(({ node, port }) => `port ${port} of ${node}`).join(", ");
  note("read", open.length === 0 ? "no node listens for AMQP without TLS" : `listening for AMQP without TLS: ${named}`);
  if (open.length > 0) throw new Broken(`${named} speaks AMQP without TLS, and it is declared to be closed`);
}

export const tls: Probe = {
  name: "tls",
  promise:
    "AMQP over TLS takes the declared versions and refuses older ones, its certificate can be trusted, and plain AMQP is closed where it must be.",
  level: "core",
  profile: "read-only",
  needs: ["tls"],
  cases: (): readonly Case[] => [
    ...VERSIONS.map(versionCase),
    { name: "certificate", run: checkCertificate },
    { name: "AMQP without TLS", run: checkPlain },
  ],
};
