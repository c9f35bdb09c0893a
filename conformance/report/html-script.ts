/** The script of the HTML report: filters. The page can be read without it. Plain JavaScript, and no markup is made in it. */
export const SCRIPT = `
"use strict";
(() => {
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const number = (count) => count.toLocaleString("en-US");
  const lower = (element) => element.textContent.toLowerCase();
  const probes = [...document.querySelectorAll(".probe")].map((element) => ({
    element,
    head: lower(element.querySelector(".head")),
    cases: [...element.querySelectorAll(".case")].map((one) => ({ element: one, text: lower(one) })),
  }));
  // A search opens them; afterwards they are as they were.
  const folds = [...document.querySelectorAll("details.probe, details.rest")].map((element) => ({ element, open: element.open }));
  const groups = [...document.querySelectorAll(".group")];
  const total = probes.reduce((sum, { cases }) => sum + cases.length, 0);
  let searched = false;

  const apply = () => {
    const values = new FormData(form);
    const results = new Set(values.getAll("result"));
    const vhost = values.get("vhost") || "";
    const level = values.get("level") || "";
    const words = values.get("text").toLowerCase().split(/\\s+/).filter(Boolean);
    let shownProbes = 0;
    let shownCases = 0;
    for (const { element, head, cases } of probes) {
      const { vhost: where, level: which, result } = element.dataset;
      const here = (vhost === "" || vhost === where) && (level === "" || level === which);
      let some = 0;
      for (const one of cases) {
        const fits = here && results.has(one.element.dataset.result) && words.every((word) => head.includes(word) || one.text.includes(word));
        one.element.hidden = !fits;
        if (fits) some++;
      }
      const whole = cases.length === 0 && here && results.has(result) && words.every((word) => head.includes(word));
      element.hidden = some === 0 && !whole;
      if (!element.hidden) shownProbes++;
      shownCases += some;
    }
    const searching = words.length > 0;
    for (const fold of folds) {
      const { element } = fold;
      if (element.matches(".rest")) element.hidden = !element.querySelector(".case:not([hidden])");
      if (searching && !searched) fold.open = element.open;
      if (searching) element.open = !element.hidden;
      else if (searched) element.open = fold.open;
    }
    searched = searching;
    for (const group of groups) group.hidden = !group.querySelector(".probe:not([hidden])");
    nothing.hidden = shownProbes > 0;
    shown.textContent = number(shownProbes) + " of " + number(probes.length) + " promises, " + number(shownCases) + " of " + number(total) + " cases";
  };

  const openAll = (open) => {
    for (const element of document.querySelectorAll("details.probe, details.rest, .case > details")) {
      if (!element.closest("[hidden]")) element.open = open;
    }
  };

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  // The values are the first ones again only after the event.
  form.addEventListener("reset", () => setTimeout(apply));
  form.elements.namedItem("open").addEventListener("click", () => openAll(true));
  form.elements.namedItem("close").addEventListener("click", () => openAll(false));
  form.hidden = false;
  apply();
})();
`;
