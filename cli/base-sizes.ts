/** For a comparison of topologies with environments that was given none. */
export const baseSizes = (environments: readonly string[]): string =>
  `These are the base sizes, and there are environments with their own: ${environments.join(", ")} (-e NAME).`;
