/** The style sheet of the HTML report: one column, from 320 pixels on, dark and light. */
const LIGHT = {
  page: "#f4f6f8",
  surface: "#ffffff",
  raised: "#f4f6f8",
  ink: "#17202b",
  soft: "#52606d",
  line: "#d9dfe6",
  control: "#7d8995",
  accent: "#1f5fae",
  success: "#17683f",
  "success-back": "#e5f4ec",
  "success-bar": "#3f9c6b",
  failure: "#ab1d39",
  "failure-back": "#fdecef",
  "failure-bar": "#d03d59",
  partial: "#7a4f00",
  "partial-back": "#fff2d9",
  "not-run": "#4b5866",
  "not-run-back": "#e9edf1",
  "not-run-bar": "#a9b4bf",
};

const DARK: typeof LIGHT = {
  page: "#0d1217",
  surface: "#151b22",
  raised: "#1c242c",
  ink: "#e6ebf0",
  soft: "#a4b0bc",
  line: "#2c3640",
  control: "#73808d",
  accent: "#82b4f2",
  success: "#72d3a1",
  "success-back": "#12301f",
  "success-bar": "#3f9c6b",
  failure: "#ff93a4",
  "failure-back": "#3c1820",
  "failure-bar": "#d8516b",
  partial: "#efbf66",
  "partial-back": "#352811",
  "not-run": "#b1bdc9",
  "not-run-back": "#27313b",
  "not-run-bar": "#55626f",
};

const variables = (colours: typeof LIGHT): string =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}:${value}`)
    .join(";");

const each = (rule: (result: string) => string, results = ["success", "failure", "partial", "not-run"]): string =>
  results.map(rule).join("\n");

export const STYLE = `
:root{color-scheme:light dark;${variables(LIGHT)};--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
@media(prefers-color-scheme:dark){:root{${variables(DARK)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0 auto;max-width:72rem;padding:1.25rem 1.5rem 3rem;background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1,h2,h3,h4,p,dl,dd,ol,ul,pre,fieldset{margin:0;padding:0;border:0}
ol,ul{list-style:none}
[hidden]{display:none!important}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-100vw;background:var(--surface);color:var(--accent);padding:.5rem 1rem}
.skip:focus{left:1rem;z-index:2}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
h2{font-size:1.25rem;margin:2.25rem 0 .75rem}
h3{font-size:1rem}
code,pre,.name,h4,.evidence .text{font-family:var(--mono)}
.name,.text{unicode-bidi:isolate}

header,.card,.probe,#filters{background:var(--surface);border:1px solid var(--line);border-radius:.625rem}
header{padding:1.25rem 1.5rem 1.5rem}
.kind-of-page{color:var(--soft);font-size:.875rem;margin-bottom:.75rem}
.result{padding:.875rem 1.125rem;border-radius:.5rem;border-left:.375rem solid currentcolor}
.result h1{font-size:1.75rem;line-height:1.2;letter-spacing:-.01em}
.result p{color:var(--ink);margin-top:.25rem}
.counts{display:flex;flex-wrap:wrap;gap:.25rem 2rem}
header .counts{margin-top:1.25rem}
.count{display:flex;flex-direction:row-reverse;align-items:baseline;gap:.5rem}
.count dt{color:var(--soft);font-size:.875rem}
.count dd{font-size:1.5rem;font-weight:650;line-height:1.2}
.bar{display:block;width:100%;height:.5rem;border-radius:.25rem;margin-top:.75rem;background:var(--not-run-back)}
${each((result) => `.bar .${result}{fill:var(--${result}-bar)}`, ["success", "failure", "not-run"])}
.run{display:grid;grid-template-columns:repeat(auto-fit,minmax(16rem,1fr));gap:.75rem 1.5rem;margin-top:1.25rem}
.run dt{color:var(--soft);font-size:.8125rem}

${each((result) => `.result.${result},.badge.${result}{color:var(--${result});background:var(--${result}-back)}`)}
${each((result) => `.mark.${result},.count.${result} dd,.tally.${result}{color:var(--${result})}`)}

.topology-item+.topology-item{border-top:1px solid var(--line)}
.topology-item>.head{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 2rem;padding:.875rem 1.5rem}
.topology-item h3{min-width:8rem;font-family:var(--mono);font-size:.9375rem}
.topology-item .count dd{font-size:1.0625rem}
.topology-item .more{margin-left:auto;color:var(--accent);font-size:.875rem}
.more::after{display:inline-block;margin:0 .25rem .125rem .75rem!important}
.topology-item[open] .more::after{rotate:225deg;translate:0 .25rem}
.topology-item .bar{height:.25rem;margin-top:.25rem}
summary{cursor:pointer}
.scale{display:flex;gap:1.25rem;margin:.25rem 1.5rem .5rem;font-size:.875rem}
.scale label{display:flex;gap:.375rem;align-items:center;min-height:1.75rem}
.canvas{overflow:auto;max-height:85vh;margin:0 1.5rem 1.25rem;border:1px solid var(--line);border-radius:.5rem;background:var(--surface)}
.canvas .warren-flow{--paper:var(--surface);display:block;background:none;width:100%;min-width:52rem;height:auto}
.topology-item:has(.full:checked) .canvas .warren-flow{width:auto;min-width:0}
pre.canvas{padding:.75rem;font-size:.8125rem}

#filters{display:flex;flex-wrap:wrap;align-items:center;gap:.625rem 1rem;padding:.75rem 1rem;margin-bottom:1.25rem;font-size:.875rem}
#filters label{display:flex;align-items:center;gap:.5rem;color:var(--soft)}
#filters fieldset{display:flex;flex-wrap:wrap;gap:.5rem}
#filters .chip{gap:.375rem;padding:.25rem .75rem .25rem .5rem;border:1px solid var(--line);border-radius:2rem;color:var(--ink);cursor:pointer}
${each((result) => `#filters .chip.${result}:has(:checked){color:var(--${result});background:var(--${result}-back)}`, ["success", "failure", "not-run"])}
.chip input{accent-color:var(--accent);margin:0}
#filters .search{flex:1 1 14rem}
select,#filters input[type=search],button{font:inherit;color:var(--ink);background:var(--surface);border:1px solid var(--control);border-radius:.375rem;padding:.25rem .5rem;min-height:2rem;max-width:100%;min-width:0}
#filters input[type=search]{flex:1;width:100%}
::placeholder{color:var(--soft);opacity:1}
button{cursor:pointer;padding:.25rem .75rem}
button:hover{background:var(--raised)}
.buttons{order:2;display:flex;flex-wrap:wrap;gap:.5rem}
#shown{color:var(--soft);order:1;flex:1 1 auto}
#nothing{color:var(--soft);padding:2rem;text-align:center}

.group{margin-bottom:1.75rem}
.group h3{color:var(--soft);margin-bottom:.5rem;font-weight:600}
.group .number{font-weight:400}
.probe{margin-bottom:.5rem}
.probe>.head{display:grid;grid-template-columns:4.75rem minmax(0,1fr) 1rem;gap:.25rem 1rem;padding:.875rem 1.25rem;list-style:none;align-items:start}
.head::-webkit-details-marker,.line::-webkit-details-marker{display:none}
details.probe>.head::after,.more::after{content:"";width:.5rem;height:.5rem;margin:.4375rem .25rem;border:solid var(--soft);border-width:0 2px 2px 0;rotate:45deg}
details.probe[open]>.head::after{rotate:225deg;margin-top:.6875rem}
summary.head:hover,summary.line:hover{background:var(--raised);border-radius:.5rem}
.badge{justify-self:start;font-size:.8125rem;font-weight:600;padding:.0625rem .5rem;border-radius:.25rem;white-space:nowrap}
h4{font-size:.9375rem;font-weight:650}
.what p{font-size:.9375rem}
.what .reason{color:var(--soft)}
.facts{display:flex;flex-wrap:wrap;gap:0 1rem;color:var(--soft);margin-top:.125rem}
.what p.facts{font-size:.8125rem}
.facts .topology{font-weight:600}
.cases{border-top:1px solid var(--line);padding:.5rem .75rem}
.rest{border-top:1px solid var(--line)}
.rest>summary{padding:.625rem 1.25rem;color:var(--soft);font-size:.875rem}
.bare .what{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 1rem}
.bare .what>:not(h4,.facts){grid-column:1/-1}
.bare .facts{grid-row:1;grid-column:2}
.bare .reason{font-size:.875rem}
.line{display:grid;grid-template-columns:1rem minmax(0,1fr) auto;gap:.25rem .625rem;padding:.25rem .5rem;font-size:.875rem;list-style:none}
.line .name{font-size:.8125rem;line-height:1.6}
.mark{font-weight:700;text-align:center}
.time,.ms{color:var(--soft);white-space:nowrap}
.message{white-space:pre-wrap;font-size:.8125rem;line-height:1.55;padding:.625rem .875rem;margin:.25rem .5rem .5rem 2.125rem;border-radius:.375rem;background:var(--not-run-back)}
.message.failure{background:var(--failure-back);border-left:3px solid var(--failure)}
.evidence,.none{margin:.25rem .5rem .75rem 2.125rem;font-size:.8125rem}
.none{color:var(--soft)}
.evidence li{display:grid;grid-template-columns:4rem 4rem minmax(0,1fr);gap:0 .75rem;padding:.1875rem 0;border-bottom:1px solid var(--line)}
.evidence li:last-child{border-bottom:0}
.evidence .ms{text-align:right}
.evidence .kind{color:var(--soft)}
footer{color:var(--soft);font-size:.8125rem;margin-top:2.5rem}

@media(max-width:40rem){
body{padding:.75rem .75rem 2rem}
header{padding:1rem}
.topology-item>.head{padding:.75rem 1rem}
.topology-item h3{flex-basis:100%}
.canvas,.scale{margin-left:1rem;margin-right:1rem}
.probe>.head{grid-template-columns:minmax(0,1fr) 1rem;padding:.75rem .875rem}
.head .badge{grid-column:1}
.head .what{grid-column:1/-1;grid-row:2}
details.probe>.head::after{grid-column:2;grid-row:1}
.counts{gap:.25rem 1.25rem}
.run{grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr))}
.cases{padding:.375rem .25rem}
.message,.evidence,.none{margin-left:.5rem}
.evidence li{grid-template-columns:auto 1fr;padding:.3125rem 0}
.evidence .ms{text-align:left}
.evidence .text{grid-column:1/-1}
.canvas .warren-flow{min-width:60rem}
.chip,select,button,.scale label,#filters input[type=search]{min-height:2.5rem}
#filters label:has(select){flex:1 1 8rem;flex-direction:column;align-items:stretch;gap:.125rem}
.line{padding:.4375rem .5rem}
}
@media print{
#filters,.skip,.scale{display:none}
body{max-width:none;background:none}
.probe{break-inside:avoid-page}
.canvas{max-height:none}
}
`;
