// Options that stand for settings of the stack.
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { rememberable, settingsChoice, withSettings, type SettingOptions } from "./settings-choice.js";

const parse = (...words: readonly string[]): Record<string, string> => {
  const command = withSettings(new Command().exitOverride().configureOutput({ writeErr: () => undefined }));
  return settingsChoice(command.parse(words, { from: "user" }).opts<SettingOptions>());
};

describe("settings", () => {
  it("that are not named are not set", () => expect(parse()).toEqual({}));

  it("are switched on and off", () => {
    expect(parse("--nodes", "3", "--tls", "--no-plain")).toEqual({ nodes: "3", tls: "true", plain: "false" });
    expect(parse("--no-tls", "--plain")).toEqual({ tls: "false", plain: "true" });
    expect(parse("--monitoring", "--no-ui")).toEqual({ monitoring: "true", ui: "false" });
    expect(parse("--ui", "--config", "uiPort=15795")).toEqual({ ui: "true", uiPort: "15795" });
  });

  it("of any key, more than one", () => {
    expect(parse("--config", "amqpPort=5680", "--config", "warren:image=a=b")).toEqual({ amqpPort: "5680", image: "a=b" });
  });

  it("are refused where they are wrong, or secret", () => {
    expect(() => parse("--config", "amqpPort")).toThrow(/is not KEY=VALUE/);
    expect(() => parse("--config", "adminPassword=sekret")).toThrow(/every process list shows/);
    expect(() => parse("--config", "adminPassword=sekret")).not.toThrow(/sekret/);
    expect(() => parse("--nodes", "2")).toThrow(/Allowed choices are 1, 3, 5/);
  });

  it.each([
    ["allowDataLoss=true", /--discard/],
    ["warren:allowDataLoss=false", /--discard/],
    ["system=debias", /--system NAME/],
    ["workerImage=a/b", /--workers/],
  ])("%s is not remembered: it has an option of its own", (text, remedy) => {
    expect(() => parse("--config", text)).toThrow(remedy);
  });

  it("that an earlier version remembered, and no run should have kept, are left out", () => {
    expect(rememberable({ allowDataLoss: "true", system: "debias", workerImage: "a", nodes: "3" })).toEqual({ nodes: "3" });
  });
});
