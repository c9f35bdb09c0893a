/** A simulated day as an SVG picture, for light and dark: what comes, what waits, how long, and the replicas; a measured run beside it. */
import type { MeasuredPoint } from "./measured.js";
import type { Simulation } from "./simulate.js";
import { amount, clock, time } from "./words.js";

export interface Plotted {
  readonly title: string;
  readonly simulation: Simulation;
  /** Seconds: a line in the picture of the waits. */
  readonly target?: number;
  readonly measured?: readonly MeasuredPoint[];
}

const LIGHT = {
  paper: "#ffffff",
  frame: "#d8dee4",
  ink: "#1c2733",
  soft: "#5a6672",
  line: "#3b7cc4",
  fill: "#dceafa",
  target: "#c8374f",
  measured: "#c9741c",
};
const DARK: typeof LIGHT = {
  ...{ paper: "#0f151b", frame: "#2d3742", ink: "#e8edf2", soft: "#a3afbb" },
  ...{ line: "#5b9fe6", fill: "#12293f", target: "#f0748a", measured: "#e9a24f" },
};

const variables = (colours: typeof LIGHT): string =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}:${value}`)
    .join(";");

const ROOT = ".warren-size";
const STYLE = [
  `${ROOT}{${variables(LIGHT)};background:var(--paper)}`,
  `@media(prefers-color-scheme:dark){${ROOT}{${variables(DARK)}}}`,
  `${ROOT} text{font:11px "Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif;fill:var(--soft)}`,
  `${ROOT} text.title{font-size:15px;font-weight:600;fill:var(--ink)}`,
  `${ROOT} text.name{font-size:12px;fill:var(--ink)}`,
  `${ROOT} .grid{stroke:var(--frame);fill:none}`,
  `${ROOT} .area{fill:var(--fill)}`,
  `${ROOT} .line{stroke:var(--line);fill:none;stroke-width:1.5;stroke-linejoin:round}`,
  `${ROOT} .target{stroke:var(--target);fill:none;stroke-dasharray:4 3}`,
  `${ROOT} .measured{stroke:var(--measured);fill:none;stroke-width:1.5;stroke-linejoin:round}`,
  `${ROOT} text.measured{fill:var(--measured);stroke:none}`,
  `${ROOT} text.target{fill:var(--target);stroke:none}`,
].join("\n");

const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const [WIDTH, LEFT, RIGHT, HEAD, PANEL, GAP] = [860, 64, 20, 54, 92, 34];
const INNER = WIDTH - LEFT - RIGHT;

/** A round number at or above. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= value * 0.999) ?? 10) * power;
}

type Sample = readonly [at: number, value: number];

interface Panel {
  readonly name: string;
  readonly of: readonly Sample[];
  readonly step?: boolean;
  readonly words: (value: number) => string;
  readonly target?: number | undefined;
  readonly measured?: readonly Sample[] | undefined;
}

const fixed = (value: number): string => String(Number(value.toFixed(1)));

function line(samples: readonly Sample[], span: number, top: number, highest: number, step: boolean): string {
  let path = "";
  let before: string | undefined;
  for (const [at, value] of samples) {
    const x = fixed(LEFT + (Math.min(at, span) / span) * INNER);
    const y = fixed(top + PANEL - (Math.min(value, highest) / highest) * PANEL);
    if (before === undefined) path += `M${x} ${y}`;
    else if (step) path += `${y === before ? "" : `V${before}`}H${x}${y === before ? "" : `V${y}`}`;
    else path += `L${x} ${y}`;
    before = y;
  }
  return path;
}

function panel({ name, of, step = false, words, target, measured = [] }: Panel, span: number, top: number): string[] {
  const highest = roundUp(Math.max(...of.map(([, value]) => value), ...measured.map(([, value]) => value)));
  const drawn = line(of, span, top, highest, step);
  const [first, last] = [of[0]?.[0] ?? 0, of.at(-1)?.[0] ?? 0];
  const x = (at: number): string => fixed(LEFT + (at / span) * INNER);
  const level = target !== undefined && target <= highest ? fixed(top + PANEL - (target / highest) * PANEL) : undefined;
  return [
    `<text class="name" x="${LEFT}" y="${top - 7}">${escaped(name)}</text>`,
    ...[0, 0.5, 1].flatMap((share) => {
      const y = fixed(top + PANEL - share * PANEL);
      return [
        `<path class="grid" d="M${LEFT} ${y}H${LEFT + INNER}"/>`,
        `<text x="${LEFT - 7}" y="${fixed(Number(y) + 4)}" text-anchor="end">${escaped(words(share * highest))}</text>`,
      ];
    }),
    `<path class="area" d="${drawn}L${x(Math.min(last, span))} ${top + PANEL}L${x(first)} ${top + PANEL}Z"/>`,
    `<path class="line" d="${drawn}"/>`,
    ...(measured.length > 0 ? [`<path class="measured" d="${line(measured, span, top, highest, step)}"/>`] : []),
    ...(level === undefined ? [] : [`<path class="target" d="M${LEFT} ${level}H${LEFT + INNER}"/>`]),
    ...(target === undefined
      ? []
      : [
          `<text class="target" x="${LEFT + INNER}" y="${top - 7}" text-anchor="end">target, handler included: ${escaped(words(target))}</text>`,
        ]),
  ];
}

function one({ title, simulation, target, measured }: Plotted, from: number): { readonly lines: string[]; readonly height: number } {
  const { points, duration: span } = simulation;
  const series = (pick: (point: (typeof points)[number]) => number): Sample[] => points.map((point) => [point.at, pick(point)]);
  const panels: Panel[] = [
    { name: "messages a second", of: series(({ rate }) => rate), words: amount },
    {
      ...{ name: "messages ready and unacknowledged", of: series(({ deepest }) => deepest), words: amount },
      measured: measured?.map(({ at, depth }): Sample => [at, depth]),
    },
    { name: "wait in the queue, p95", of: series(({ wait }) => wait), words: time, target },
    {
      ...{ name: "replicas", of: series(({ wanted }) => wanted), step: true, words: amount },
      measured: measured?.map(({ at, replicas }): Sample => [at, replicas]),
    },
  ];
  const top = (index: number): number => from + HEAD + index * (PANEL + GAP);
  const bottom = top(panels.length - 1) + PANEL;
  const lines = [
    `<text class="title" x="${LEFT}" y="${from + 24}">${escaped(title)}</text>`,
    ...(measured ? [`<text class="measured" x="${LEFT + INNER}" y="${from + 24}" text-anchor="end">measured</text>`] : []),
    ...panels.flatMap((each, index) => panel(each, span, top(index))),
    ...Array.from({ length: 9 }, (_, index) => (index / 8) * span).map(
      (at) => `<text x="${fixed(LEFT + (at / span) * INNER)}" y="${bottom + 16}" text-anchor="middle">${clock(at, span)}</text>`,
    ),
  ];
  return { lines, height: bottom + 30 - from };
}

/** SVG text, one picture below the other; deterministic. */
export function plot(all: readonly Plotted[]): string {
  const lines: string[] = [];
  let height = 0;
  for (const each of all) {
    const drawn = one(each, height);
    lines.push(...drawn.lines);
    height += drawn.height;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="warren-size" role="img" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">`,
    `<title>${escaped(`Simulation: ${all.map(({ title }) => title).join(", ")}`)}</title>`,
    `<style>\n${STYLE}\n</style>`,
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}
