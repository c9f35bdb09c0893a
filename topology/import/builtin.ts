/** The exchanges of every vhost that a topology may name. */
import { BUILTIN } from "../routing.js";

const NAMES: ReadonlySet<string> = new Set(BUILTIN.map(({ name }) => name));

export const isBuiltinExchange = (name: string): boolean => NAMES.has(name);
