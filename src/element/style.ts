// The element's looks. Its colours are custom properties, its larger pieces are parts: both can be set from outside.

const RULES = `
:host {
  color-scheme: light dark;
  --_text: var(--countermark-text, #20262b);
  --_muted: var(--countermark-muted, #59636b);
  --_surface: var(--countermark-surface, #ffffff);
  --_raised: var(--countermark-raised, #f4f1ea);
  --_line: var(--countermark-line, #d6d0c4);
  --_accent: var(--countermark-accent, #17566b);
  --_on-accent: var(--countermark-on-accent, #ffffff);
  --_good: var(--countermark-good, #1b6a3c);
  --_warn: var(--countermark-warn, #8a4b00);
  --_bad: var(--countermark-bad, #a32020);
  --_radius: var(--countermark-radius, 14px);
  display: block;
  container-type: inline-size;
  color: var(--_text);
  font: 1rem/1.55 var(--countermark-font, system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif);
  text-align: start;
}
@media (prefers-color-scheme: dark) {
  :host {
    --_text: var(--countermark-text, #e9e6df);
    --_muted: var(--countermark-muted, #a6b0b6);
    --_surface: var(--countermark-surface, #1b2125);
    --_raised: var(--countermark-raised, #252d32);
    --_line: var(--countermark-line, #3d474e);
    --_accent: var(--countermark-accent, #83cbe0);
    --_on-accent: var(--countermark-on-accent, #0d2028);
    --_good: var(--countermark-good, #7fd6a0);
    --_warn: var(--countermark-warn, #f0b860);
    --_bad: var(--countermark-bad, #ff9d94);
  }
}
[hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
h2, h3, p, ul, ol, figure, pre { margin: 0; padding: 0; }
ul, ol { list-style: none; }
button {
  font: inherit; font-weight: 600; color: var(--_on-accent); background: var(--_accent);
  border: 1px solid transparent; border-radius: 999px; padding: .6em 1.4em; min-height: 2.75rem; cursor: pointer;
}
button:hover { filter: brightness(1.12); }
button.quiet { color: var(--_accent); background: transparent; border-color: currentcolor; }
:focus-visible { outline: 3px solid var(--_accent); outline-offset: 3px; }
svg { width: 2.6rem; height: 2.6rem; flex: none; fill: none; stroke: currentcolor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }

.drop {
  display: grid; justify-items: center; gap: .55rem; padding: 2.6rem 1.2rem; text-align: center;
  background: var(--_surface); border: 2px dashed var(--_line); border-radius: var(--_radius); transition: border-color .15s, background .15s;
}
.drop svg { color: var(--_accent); }
.drop.over { border-color: var(--_accent); background: var(--_raised); }
.drop .call { font-size: 1.3rem; font-weight: 650; }
.drop .hint, .drop .privacy { color: var(--_muted); }
.drop .privacy { font-size: .9rem; }
details { margin-top: .9rem; border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_surface); }
summary { padding: .75rem 1.1rem; cursor: pointer; font-weight: 600; border-radius: var(--_radius); }
details > :not(summary) { margin: 0 1.1rem 1.1rem; }
form { display: grid; gap: .7rem; justify-items: start; }
label { color: var(--_muted); font-size: .9rem; }
textarea {
  width: 100%; min-height: 7.5rem; font: inherit; color: inherit; background: var(--_raised);
  border: 1px solid var(--_line); border-radius: 8px; padding: .6rem .8rem; resize: vertical;
}
.drop.compact { grid-template-columns: auto 1fr auto; justify-items: start; align-items: center; text-align: start; padding: .8rem 1.2rem; gap: 0 1rem; }
.drop.compact svg { width: 2rem; height: 2rem; }
.drop.compact .call { font-size: 1.05rem; }
.drop.compact .hint { display: none; }
.drop.compact .call { grid-column: 2; }
.drop.compact .privacy { grid-column: 2; grid-row: 2; }
.drop.compact :is(svg, button) { grid-row: 1 / span 2; }
.drop.compact button { grid-column: 3; white-space: nowrap; }
.status:empty { display: none; }
.status.spoken { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
.status { margin-top: .9rem; padding: .1rem .3rem; color: var(--_muted); }
.progress { margin-top: .4rem; padding: 1.1rem; border: 1px solid var(--_line); border-radius: var(--_radius); background: var(--_surface); display: grid; gap: .9rem; }
.stages { display: flex; flex-wrap: wrap; gap: .5rem 1.4rem; }
.stages li { display: flex; align-items: center; gap: .5rem; color: var(--_muted); }
.stages li::before { content: ""; width: .8rem; height: .8rem; border-radius: 50%; border: 2px solid currentcolor; }
.stages li.done { color: var(--_good); }
.stages li.done::before { background: currentcolor; }
.stages li.now { color: var(--_accent); font-weight: 600; }
@media (prefers-reduced-motion: no-preference) {
  .stages li.now::before { border-right-color: transparent; animation: turn .9s linear infinite; }
  @keyframes turn { to { transform: rotate(1turn); } }
}
.progress h3 { margin-bottom: .4rem; }
.so-far { font-weight: 600; }

.result, .columns, .columns > div { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); align-content: start; }
.result { margin-top: .9rem; }
.result > details { margin-top: 0; }
.columns > :empty { display: none; }
section, .verdict { background: var(--_surface); border: 1px solid var(--_line); border-radius: var(--_radius); padding: 1.1rem 1.2rem; }
.verdict { display: flex; gap: 1rem; align-items: flex-start; border-inline-start: 6px solid var(--_tone, var(--_muted)); }
.verdict svg { color: var(--_tone, var(--_muted)); width: 3.2rem; height: 3.2rem; }
.verdict h2 { font-size: 1.55rem; line-height: 1.25; margin: .1rem 0 .25rem; outline-offset: 6px; }
.verdict .file { color: var(--_muted); font-size: .92rem; overflow-wrap: anywhere; }
.verdict .note { color: var(--_muted); margin-top: .5rem; }
.verdict.confirmed { --_tone: var(--_accent); }
.verdict.possible, .verdict.suspected { --_tone: var(--_warn); }
.verdict.failed { --_tone: var(--_bad); }
h3 { font-size: 1.02rem; margin-bottom: .6rem; }
figure { display: grid; gap: .6rem; justify-items: start; }
canvas { display: block; max-width: 100%; height: auto; max-height: 30rem; border-radius: 8px; background: var(--_raised); }
canvas.timeline { width: 100%; height: auto; }
.ends { display: flex; justify-content: space-between; width: 100%; color: var(--_muted); font-size: .9rem; }
.text { position: relative; max-height: 16rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; width: 100%; background: var(--_raised); border-radius: 8px; padding: .8rem 1rem; }
mark { color: inherit; border-radius: 3px; background: rgb(47 208 255 / .3); }
mark.label { background: rgb(255 176 32 / .4); }
figcaption { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; color: var(--_muted); font-size: .92rem; }
.swatch { display: inline-flex; align-items: center; gap: .45rem; }
.swatch::before { content: ""; width: 1rem; height: 1rem; border-radius: 3px; border: 3px solid #2fd0ff; outline: 1px solid rgb(0 0 0 / .55); }
.swatch.label::before { border-color: #ffb020; }
.evidence > li, .findings > li { padding: .6rem 0; border-top: 1px solid var(--_line); }
.evidence > li:first-child, .findings > li:first-child { border-top: 0; padding-top: 0; }
.evidence > li:last-child, .findings > li:last-child { padding-bottom: 0; }
.evidence .name { font-weight: 600; margin-inline-end: .3em; }
.tag { display: inline-block; margin-inline-end: .3em; font-size: .82rem; font-weight: 600; padding: .05rem .6rem; border-radius: 999px; border: 1px solid currentcolor; color: var(--_muted); white-space: nowrap; }
.found > .tag { color: var(--_good); }
.absent > .name { color: var(--_muted); font-weight: 400; }
.error > .tag { color: var(--_bad); }
.warning > .tag { color: var(--_warn); }
.facts { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin-top: .25rem; color: var(--_muted); font-size: .94rem; overflow-wrap: anywhere; }
.findings p { margin-top: .25rem; }
.findings .rule { color: var(--_muted); font-size: .88rem; }
table { width: 100%; border-collapse: collapse; font-size: .96rem; }
caption { text-align: start; color: var(--_muted); font-size: .9rem; margin-bottom: .4rem; overflow-wrap: anywhere; }
th, td { text-align: start; vertical-align: top; padding: .45rem .7rem .45rem 0; border-top: 1px solid var(--_line); overflow-wrap: anywhere; }
th { font-weight: 400; color: var(--_muted); width: 42%; }
thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
pre { overflow: auto; max-height: 22rem; font: .85rem/1.5 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; background: var(--_raised); padding: .9rem; border-radius: 8px; }
@container (min-width: 56rem) {
  .columns:not(:has(> :empty)) { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
}
@container (max-width: 30rem) {
  .drop:not(.compact) { padding: 1.8rem 1rem; }
  .drop.compact :is(.privacy, svg) { display: none; }
  .drop.compact { grid-template-columns: 0 1fr auto; gap: 0; }
  .verdict svg { width: 2.4rem; height: 2.4rem; }
  .verdict h2 { font-size: 1.3rem; }
  th, td { display: block; width: auto; padding: .1rem 0; }
  th { border-top: 1px solid var(--_line); padding-top: .45rem; }
  td { border-top: 0; padding-bottom: .45rem; }
}
`

/** One sheet for all elements of a page. A constructed sheet needs no permission of a page's policy. */
export function sheet(): CSSStyleSheet {
  const made = new CSSStyleSheet()
  made.replaceSync(RULES)
  return made
}
