/** Property tests try something new in every run, except in CI, where a change alone should decide: there the seed is fixed. */
import fc from "fast-check";

if (process.env["CI"]) fc.configureGlobal({ seed: 4_3_6 });
