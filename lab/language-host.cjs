#!/usr/bin/env node
// The Pulumi language host for Node programs, for an engine that came without one: it starts the program and tells the engine how it ended.
// Speaks the engine's own protocol through the gRPC stubs of the program's @pulumi/pulumi; the last argument is the engine's address.
"use strict";

const { spawn } = require("node:child_process");
const { existsSync, readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");

const engineAddress = process.argv[process.argv.length - 1] ?? "";
// The engine starts this process in the program's folder, so the stubs are those of the SDK that the program itself uses.
const fromProgram = createRequire(path.join(process.cwd(), "package.json"));
const grpc = fromProgram("@grpc/grpc-js");
const language = fromProgram("@pulumi/pulumi/proto/language_pb.js");
const { LanguageRuntimeService } = fromProgram("@pulumi/pulumi/proto/language_grpc_pb.js");
const plugin = fromProgram("@pulumi/pulumi/proto/plugin_pb.js");
const { Empty } = fromProgram("google-protobuf/google/protobuf/empty_pb.js");

/** The SDK's own code for "failed, and the user has already been told why". */
const ALREADY_REPORTED = 32;
/** How long a cancelled program may take to end by itself. */
const GRACE_MS = 2_000;

const programs = new Set();

/** Ends every running program: first asked, then forced; and then this process, which nobody needs any more. */
function shutDown(exitCode) {
  for (const program of programs) {
    program.kill("SIGTERM");
    setTimeout(() => program.kill("SIGKILL"), GRACE_MS);
  }
  const leave = () => process.exit(exitCode);
  server.tryShutdown(leave);
  setTimeout(leave, programs.size > 0 ? 2 * GRACE_MS : GRACE_MS / 4);
}

/** `--import tsx --conditions=x` to arguments; quotes keep a value with spaces together. */
function splitArguments(text) {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3]);
}

function commandLine(request) {
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() || request.getPwd();
  const options = info?.getOptions()?.toJavaScript() ?? {};
  const runner = createRequire(path.join(directory, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  const entry = info?.getEntryPoint();
  const args = [...splitArguments(options.nodeargs ?? ""), runner];
  const flags = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": info?.getRootDirectory(),
    stack: request.getStack(),
    pwd: request.getPwd(),
    "query-mode": String(request.getQuerymode()),
    parallel: String(request.getParallel()),
  };
  for (const [name, value] of Object.entries(flags)) if (value) args.push(`--${name}`, value);
  if (request.getDryrun()) args.push("--dry-run");
  args.push(entry && entry !== "." ? path.join(directory, entry) : request.getProgram() || ".", ...request.getArgsList());
  return { args, options };
}

function run(call, answer) {
  const request = call.request;
  const response = new language.RunResponse();
  let program;
  try {
    const { args, options } = commandLine(request);
    const config = Object.fromEntries(request.getConfigMap().toArray());
    // Configuration goes by the environment, as the SDK expects it: arguments could be read by every process of the machine.
    const env = {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(config),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      PULUMI_NODEJS_TYPESCRIPT: String(options.typescript !== false),
    };
    if (typeof options.tsconfig === "string") env.PULUMI_NODEJS_TSCONFIG_PATH = options.tsconfig;
    program = spawn(process.execPath, args, { cwd: request.getPwd(), env, stdio: ["ignore", "inherit", "inherit"] });
  } catch (error) {
    response.setError(`cannot start the program: ${error.message}`);
    answer(null, response);
    return;
  }
  programs.add(program);
  let answered = false;
  const finish = (fill) => {
    programs.delete(program);
    if (answered) return;
    answered = true;
    fill();
    answer(null, response);
  };
  call.on("cancelled", () => program.kill("SIGTERM"));
  program.on("error", (error) => finish(() => response.setError(`cannot start ${process.execPath}: ${error.message}`)));
  program.on("exit", (code, signal) =>
    finish(() => {
      if (code === ALREADY_REPORTED) response.setBail(true);
      else if (code !== 0) response.setError(signal ? `Program was ended by ${signal}` : `Program exited with non-zero exit code: ${code}`);
    }),
  );
}

/** The resource plugins that the program's direct dependencies ask for, so that the engine can say at once when one is missing. */
function requiredPackages(directory) {
  const read = (file) => JSON.parse(readFileSync(file, "utf8"));
  const manifest = path.join(directory, "package.json");
  const names = existsSync(manifest) ? Object.keys(read(manifest).dependencies ?? {}) : [];
  return names.flatMap((name) => {
    const file = path.join(directory, "node_modules", name, "package.json");
    const pulumi = existsSync(file) ? read(file).pulumi : undefined;
    if (!pulumi?.resource || !pulumi.name) return [];
    const dependency = new plugin.PackageDependency();
    dependency.setName(pulumi.name);
    dependency.setKind("resource");
    dependency.setVersion(pulumi.version ?? read(file).version);
    if (pulumi.server) dependency.setServer(pulumi.server);
    return [dependency];
  });
}

const service = {
  run,
  handshake: (_call, answer) => answer(null, new language.LanguageHandshakeResponse()),
  getPluginInfo(_call, answer) {
    const response = new plugin.PluginInfo();
    response.setVersion(fromProgram("@pulumi/pulumi/package.json").version);
    answer(null, response);
  },
  getRequiredPackages(call, answer) {
    const response = new language.GetRequiredPackagesResponse();
    response.setPackagesList(requiredPackages(call.request.getInfo()?.getProgramDirectory() || process.cwd()));
    answer(null, response);
  },
  getRequiredPlugins: (_call, answer) => answer(null, new language.GetRequiredPluginsResponse()),
  getProgramDependencies: (_call, answer) => answer(null, new language.GetProgramDependenciesResponse()),
  runtimeOptionsPrompts: (_call, answer) => answer(null, new language.RuntimeOptionsResponse()),
  about(_call, answer) {
    const response = new language.AboutResponse();
    response.setExecutable(process.execPath);
    response.setVersion(process.version);
    answer(null, response);
  },
  // The engine's last call, after success too: it then waits for this process to end.
  cancel(_call, answer) {
    answer(null, new Empty());
    shutDown(0);
  },
};

const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
server.addService(LanguageRuntimeService, service);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});

// An engine that was killed cannot cancel: without it this process is adopted by another one, and the program would run on for nobody.
const engineProcess = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === engineProcess) return;
  clearInterval(watch);
  shutDown(1);
}, 500);
process.on("SIGTERM", () => shutDown(0));
// An interrupt from the terminal reaches the whole group; the engine cancels in its own order.
process.on("SIGINT", () => {});
