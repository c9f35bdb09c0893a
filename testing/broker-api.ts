/** Calls the management API of a broker for tests, apart from the code under test. */

export interface LiveBroker {
  /** `http://host:port`, without credentials. */
  readonly managementUrl: string;
  /** `amqp://user:password@host:port`, as `amqplib.connect` takes it; a vhost goes behind it: `${amqpUrl}/${encodeURIComponent(name)}`. */
  readonly amqpUrl: string;
  /** An administrator. */
  readonly username: string;
  readonly password: string;
}

/** The body of the answer. Throws for every answer from 400 up, except one to `DELETE` of what is gone. */
export async function callBroker(
  broker: LiveBroker,
  method: "GET" | "PUT" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<unknown> {
  const response = await fetch(broker.managementUrl + path, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${broker.username}:${broker.password}`).toString("base64")}`,
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok && !(method === "DELETE" && response.status === 404)) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}
