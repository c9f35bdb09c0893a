/** The broker's certificate by cert-manager: an authority of its own, or an issuer that is there. Pure. */
import { certificateNames, OWN } from "./names.js";
import type { KubernetesObject } from "./objects.js";
import type { ProdSettings } from "./settings.js";

const API = "cert-manager.io/v1";
/** Secret, Certificate and Issuer of the authority. */
export const AUTHORITY = "broker-authority";
const SELF_SIGNED = "broker-self-signed";
const DAY_HOURS = 24;
const AUTHORITY_DAYS = 3650;

/** None where the Secret comes from elsewhere. */
export function certificates(settings: ProdSettings): KubernetesObject[] {
  const { tls, cluster, namespaces } = settings;
  if (tls.source !== "cert-manager") return [];
  const metadata = (name: string) => ({ name, namespace: namespaces.broker, labels: { ...OWN } });
  const privateKey = { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" };
  const own: KubernetesObject[] = [
    { apiVersion: API, kind: "Issuer", metadata: metadata(SELF_SIGNED), spec: { selfSigned: {} } },
    {
      apiVersion: API,
      kind: "Certificate",
      metadata: metadata(AUTHORITY),
      spec: {
        isCA: true,
        commonName: `${cluster.name} authority`,
        secretName: AUTHORITY,
        duration: `${AUTHORITY_DAYS * DAY_HOURS}h`,
        // Those who trust it hold a copy: its key stays.
        privateKey: { ...privateKey, rotationPolicy: "Never" },
        issuerRef: { name: SELF_SIGNED, kind: "Issuer", group: "cert-manager.io" },
      },
    },
    { apiVersion: API, kind: "Issuer", metadata: metadata(AUTHORITY), spec: { ca: { secretName: AUTHORITY } } },
  ];
  const issuer = tls.issuer ?? { name: AUTHORITY, kind: "Issuer" };
  return [
    ...(tls.issuer ? [] : own),
    {
      apiVersion: API,
      kind: "Certificate",
      metadata: metadata(tls.secret),
      spec: {
        secretName: tls.secret,
        commonName: cluster.name,
        dnsNames: certificateNames(cluster.name, namespaces.broker),
        duration: `${tls.days * DAY_HOURS}h`,
        renewBefore: `${Math.floor((tls.days * DAY_HOURS) / 3)}h`,
        usages: ["server auth", "digital signature", "key encipherment"],
        privateKey,
        issuerRef: { ...issuer, group: "cert-manager.io" },
      },
    },
  ];
}
