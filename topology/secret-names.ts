/** Names under which people keep what nobody else may read. */

const SECRET = /(password|passwd|passphrase|secret|token|api[-_]?key)$/i;

/** `token`, `client-secret`, `clientSecret`; rather one too many: what is called so is hidden. */
export const namesSecret = (key: string): boolean => SECRET.test(key);
