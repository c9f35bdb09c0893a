/** The reasons of permissions: one for each thing that a service does, and none that its permissions do not bear out. */
import { expect, test } from "vitest";
import { compile } from "./compile/compile.js";
import { permissionReasons } from "./permission-reasons.js";
import { cgcg, debias, stage7, systems } from "./systems/index.js";

test.each([
  [
    cgcg,
    "worker",
    [
      "publishes task.status: write on cgcg.tasks, key status",
      "consumes tasks: read; write on tasks.retry and cgcg.dlx for what fails",
      "has queues control.{workerId} of its own: configure, write and read, read on cgcg.control to bind",
    ],
  ],
  [
    debias,
    "dlq-handler",
    [
      "declares events.dlq: configure; write, and read on events.dlx, to bind it",
      "manages events.dlq: read; write on the default exchange to put messages back, which reaches any queue",
    ],
  ],
  [
    stage7,
    "brain",
    [
      "publishes message: write on stage7, key message.{recipient}",
      "publishes broadcast: write on stage7, key message.all",
      "publishes request: write on stage7, key message.{recipient}",
      "has queues brain-{serviceId} of its own: configure, write and read, read on stage7 to bind; write on stage7.dlx for what fails",
      "replies to requests: write on the default exchange, which reaches any queue",
    ],
  ],
])("$name: %2$s", (topology, service, expected) => {
  const write = compile(topology).permissions.find(({ user }) => user === `${topology.name}.${service}`)?.write ?? "";
  expect(permissionReasons(topology, service, write)).toEqual(expected);
});

test("every exchange that a reason names may be written to or read", () => {
  for (const topology of Object.values(systems)) {
    const plan = compile(topology);
    for (const { user, write, read } of plan.permissions) {
      const service = plan.users.find(({ name }) => name === user)?.service;
      if (service === undefined) continue;
      for (const reason of permissionReasons(topology, service, write)) {
        for (const { name } of plan.exchanges) {
          const escaped = name.replace(/[.]/g, "\\.");
          const said = (right: string): boolean => new RegExp(`${right} on (?:[^;]* and )?${escaped}(?=[ ,;]|$)`).test(reason);
          if (said("write")) expect(new RegExp(write).test(name), `${user} writes ${name}: ${reason}`).toBe(true);
          if (said("read")) expect(new RegExp(read).test(name), `${user} reads ${name}: ${reason}`).toBe(true);
        }
      }
    }
  }
});
