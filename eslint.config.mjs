// The linter: typed rules for every TypeScript file, and the borders between the folders.
import { builtinModules } from "node:module";
import tseslint from "typescript-eslint";

const tests = ["**/*.test.ts", "**/*.test-d.ts", "testing/**", "workers/faults/**"];
const folders = [
  "bench",
  "broker",
  "cli",
  "conformance",
  "docker",
  "exporter",
  "k8s",
  "lab",
  "monitoring",
  "program",
  "provision",
  "sizing",
  "sources",
  "testing",
  "ui",
  "workers",
];

/** Relative imports that lead into one of the folders of the checkout's root. */
const into = (names, message, more = {}) => ({ regex: `^(\\./|(\\.\\./)+)(${names.join("|")})(/|$)`, message, ...more });

const noLab = into(["lab"], "lab/ only gets tools; nothing in the product needs it.");
const noOtherFolder = (...allowed) =>
  into(
    folders.filter((name) => !allowed.includes(name)),
    "A pure folder knows nothing of the folders that act.",
  );
const noEffects = [
  { regex: "^@pulumi/|^(amqplib|undici|commander|jiti|tsx)(/|$)", message: "A pure folder does no I/O and knows no provider." },
  {
    regex: `^node:(?!crypto$)|^(${builtinModules.filter((name) => name !== "crypto" && !name.startsWith("_")).join("|")})$`,
    message: "A pure folder does no I/O; node:crypto, for hashes, is the one exception.",
  },
];

const imports = (patterns) => ({ "@typescript-eslint/no-restricted-imports": ["error", { patterns }] });

const pure = {
  "no-restricted-globals": [
    "error",
    ...["process", "fetch", "performance", "setTimeout", "setInterval", "setImmediate", "console"].map((name) => ({
      name,
      message: "A pure folder has no environment, clock or output: take what you need as an argument.",
    })),
  ],
  "no-restricted-properties": [
    "error",
    { object: "Date", property: "now", message: "A pure folder has no clock." },
    { object: "Math", property: "random", message: "A pure folder gives the same answer every time." },
    { object: "globalThis", property: "process", message: "A pure folder has no environment." },
  ],
  "no-restricted-syntax": [
    "error",
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "A pure folder has no clock." },
  ],
};

export default tseslint.config(
  { ignores: ["dist/", ".warren/", "coverage/", "**/node_modules/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", destructuredArrayIgnorePattern: "^_" },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/require-await": "off",
      // `{}` is the neutral element of a type that is built up by intersection.
      "@typescript-eslint/no-empty-object-type": "off",
      eqeqeq: "error",
      "prefer-const": "error",
      "no-restricted-syntax": "off",
    },
  },
  {
    files: ["**/*.{js,cjs,mjs}"],
    extends: [tseslint.configs.base],
    rules: { eqeqeq: "error", "prefer-const": "error", "no-var": "error" },
  },
  // Borders. The last matching block decides, so each names everything that its folder may not do.
  { files: ["**/*.ts"], ignores: ["lab/**", "bench/**", ...tests], rules: imports([noLab]) },
  { files: ["topology/**/*.ts"], ignores: tests, rules: { ...imports([noOtherFolder(), ...noEffects]), ...pure } },
  { files: ["monitoring/**/*.ts"], ignores: tests, rules: { ...imports([noOtherFolder("monitoring"), ...noEffects]), ...pure } },
  { files: ["sizing/**/*.ts"], ignores: tests, rules: { ...imports([noOtherFolder("sizing"), ...noEffects]), ...pure } },
  {
    files: ["k8s/**/*.ts"],
    ignores: tests,
    // What of other folders is pure: monitoring/, sizing/, the words that reference workers and the exporter start with.
    rules: { ...imports([noOtherFolder("k8s", "monitoring", "sizing", "workers", "exporter"), ...noEffects]), ...pure },
  },
  {
    files: ["workers/**/*.ts"],
    ignores: tests,
    rules: imports([
      noLab,
      into(
        folders.filter((name) => name !== "workers"),
        "The worker runs in its own image: it needs the topology, which is pure, and nothing else.",
      ),
    ]),
  },
  {
    files: tests,
    rules: {
      // A test looks into JSON of the outside world; what it asserts is the check.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
    },
  },
);
