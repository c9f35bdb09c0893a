/** The end by signals of a process that may be the first one of its container. */

const CODES = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 } as const;

/**
 * The kernel ignores a signal that the first process of a container does not handle. Where a verb handles it, the verb decides; before that, and
 * after it (the second signal), the process ends as any other does. To be called before everything else is loaded.
 */
export function endBySignals(): void {
  for (const [name, code] of Object.entries(CODES) as [keyof typeof CODES, number][]) {
    // Before the verb's own handlers, which go when they are called.
    process.prependListener(name, () => {
      if (process.listenerCount(name) === 1) process.exit(code);
    });
  }
}
