/** The signal that ends a process which runs until then. */

/** Resolves with the name of the first signal; a second one ends the process as if nobody listened. */
export function signalled(): { readonly signal: Promise<NodeJS.Signals>; readonly forget: () => void } {
  const names = ["SIGTERM", "SIGINT"] as const;
  let forget: () => void = () => undefined;
  const signal = new Promise<NodeJS.Signals>((tell) => {
    const once = (name: NodeJS.Signals): void => {
      forget();
      tell(name);
    };
    forget = () => names.forEach((name) => process.off(name, once));
    for (const name of names) process.once(name, once);
  });
  return { signal, forget: () => forget() };
}
