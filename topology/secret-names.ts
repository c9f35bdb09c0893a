/** Names under which people keep what nobody else may read. */

const SECRET = /(password|passwd|passphrase|secret|token|api[-_]?key)$/i;

/** `token`, `client-secret`, `clientSecret`; rather one too many: what is called so is hidden. */
export const namesSecret = (key: string): boolean => SECRET.test(key);

const plain = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Hides secrets in the query of every URI in a text: RabbitMQ's take the passphrase of a TLS key there, `?password=`. */
export const withoutSecretParameters = (text: string): string =>
  text.replace(/[a-z][a-z0-9+.-]*:\/\/[^\s"']*/gi, (uri) =>
    uri.replace(/([?&])([^=&#]+)=[^&#]+/g, (parameter, before: string, name: string) =>
      namesSecret(plain(name)) ? `${before}${name}=***` : parameter,
    ),
  );
