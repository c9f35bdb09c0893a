/** Text as HTML: what is put into a template is escaped, unless it is markup itself. */
import { visible } from "../../cli/output.js";

/** HTML that was made here. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Content = string | number | undefined | Markup | readonly Content[];

/** Control characters and those that turn the direction of writing are shown as escapes; line breaks stay. */
export const escaped = (text: string): string => visible(text).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);

function rendered(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Markup) return content.text;
  if (typeof content === "object") return content.map(rendered).join("");
  return escaped(String(content));
}

/** For text and for values of attributes in double quotes. */
export function markup(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return new Markup(strings.map((string, at) => string + (at < contents.length ? rendered(contents[at]) : "")).join(""));
}

/** An attribute without a value. */
export const flag = (name: "open" | "checked" | "hidden", on: boolean): Markup => new Markup(on ? ` ${name}` : "");
