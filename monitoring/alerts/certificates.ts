/** Alerts about certificates that end. */
import { type Alert, given } from "./alert.js";

const EXPIRY = "warren_certificate_expiry_timestamp_seconds";
const DAY = 86_400;
const left = `(min by (installation, endpoint) (${EXPIRY}) - time()) / ${DAY}`;

export const certificateAlerts: readonly Alert[] = [
  {
    name: "CertificateExpiresSoon",
    severity: "ticket",
    when: ({ certificateTicketDays }) => `a certificate ends within ${certificateTicketDays} days`,
    expr: ({ certificateTicketDays, certificatePageDays }) => `(${left} < ${certificateTicketDays}) > ${certificatePageDays}`,
    forMinutes: 5,
    summary: "The certificate of {{ $labels.endpoint }} ends soon",
    description:
      'The certificate of {{ $labels.endpoint }} ends in {{ $value | printf "%.0f" }} days. After that no client with TLS can connect to it: renew it in time.',
    fires: (sample) => ({
      series: [given(sample, EXPIRY, { endpoint: "amqps" }, `${10 * DAY}x20`)],
      at: 10,
      labels: { installation: sample.installation, endpoint: "amqps" },
      summary: "The certificate of amqps ends soon",
      description: "The certificate of amqps ends in 10 days. After that no client with TLS can connect to it: renew it in time.",
    }),
    quiet: (sample) => ({ series: [given(sample, EXPIRY, { endpoint: "amqps" }, `${40 * DAY}x20`)], at: 10 }),
  },
  {
    name: "CertificateExpires",
    severity: "page",
    when: ({ certificatePageDays }) => `a certificate ends within ${certificatePageDays} days, or has ended`,
    expr: ({ certificatePageDays }) => `${left} <= ${certificatePageDays}`,
    forMinutes: 1,
    summary: "The certificate of {{ $labels.endpoint }} ends now",
    description:
      'The certificate of {{ $labels.endpoint }} has {{ $value | printf "%.1f" }} days left (below 0: it has ended). Without a new one, no client with TLS can connect, nor come back after a loss.',
    fires: (sample) => ({
      series: [given(sample, EXPIRY, { endpoint: "amqps" }, `${DAY}x20`)],
      at: 10,
      labels: { installation: sample.installation, endpoint: "amqps" },
      summary: "The certificate of amqps ends now",
      description:
        "The certificate of amqps has 1.0 days left (below 0: it has ended). Without a new one, no client with TLS can connect, nor come back after a loss.",
    }),
    quiet: (sample) => ({ series: [given(sample, EXPIRY, { endpoint: "amqps" }, `${10 * DAY}x20`)], at: 10 }),
  },
];
