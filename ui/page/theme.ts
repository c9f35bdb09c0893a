/** Light, dark, or as the system has it. */
import { el } from "./dom.js";

const KEPT = "warren-ui-theme";
const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const isTheme = (text: string | null): text is Theme => THEMES.includes(text as Theme);

function apply(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

/** A group of three buttons. */
export function themeSwitch(): HTMLElement {
  const kept = localStorage.getItem(KEPT);
  let theme: Theme = isTheme(kept) ? kept : "auto";
  apply(theme);
  const group = el("div", { class: "switch", role: "group", "aria-label": "Colours" });
  const draw = (): void => {
    for (const button of group.children) button.setAttribute("aria-pressed", String(button.textContent?.toLowerCase() === theme));
  };
  for (const name of THEMES) {
    const onclick = (): void => {
      theme = name;
      localStorage.setItem(KEPT, name);
      apply(name);
      draw();
    };
    group.append(el("button", { type: "button", onclick }, `${name[0]?.toUpperCase()}${name.slice(1)}`));
  }
  draw();
  return group;
}
