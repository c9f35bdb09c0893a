/** Waiting that can be cut short, and does not miss what rang before it began. */

export interface Bell {
  ring(): void;
  /** Until `ms` have gone by, or it rings, or it rang since the last wait or `hush`. */
  wait(ms: number): Promise<void>;
  /** Forgets what rang before. */
  hush(): void;
}

export function makeBell(): Bell {
  let rang = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rang = true;
      wake?.();
    },
    hush() {
      rang = false;
    },
    async wait(ms) {
      if (!rang) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      wake = undefined;
      rang = false;
    },
  };
}
