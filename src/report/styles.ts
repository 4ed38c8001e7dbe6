import type { ModeMark } from './mode.ts';

/* One style sheet: light, dark and printed. Classes only, no style attributes: the page's policy allows nothing else. */

const LIGHT = `
  --page:#fff; --panel:#f5f7fa; --ink:#17212e; --soft:#55637a; --line:#d8dfe8; --link:#1d5fd1;
  --good:#137a4b; --good-bg:#e2f5ea; --bad:#b4232c; --bad-bg:#fdeaea; --warn:#8a5800; --warn-bg:#fdf1d9; --mute:#55637a; --mute-bg:#e9edf3;
  --mode:#5b2bb5; --mode-bg:#efe8fd; --ribbon:#5b2bb5; --ribbon-ink:#fff; --down:#d9363e; --ghost:#aab6c6; --mark:#17212e;
  --c-before:#98a4b5; --c-stopped:#c3cbd6; --c-person:#b98a00; --c-database:#3a6fd8; --c-aws:#e8892b; --c-dns:#8257cf;
  --c-users:#1b9a86; --c-own:#a3a847; --c-hold:#8bb4d6; --c-call:#f2bd7e; --c-tool:#d6336c;`;

const DARK = `
  --page:#10151d; --panel:#18202b; --ink:#e6ebf2; --soft:#9aa8bb; --line:#2b3646; --link:#7db0ff;
  --good:#5fd39a; --good-bg:#12382a; --bad:#ff8a8a; --bad-bg:#44191c; --warn:#f2bf5e; --warn-bg:#3b2c0d; --mute:#a9b6c8; --mute-bg:#273141;
  --mode:#c9b2ff; --mode-bg:#2e2150; --ribbon:#3b2a68; --ribbon-ink:#e5daff; --down:#ff5f66; --ghost:#5b687b; --mark:#e6ebf2;
  --c-before:#76849a; --c-stopped:#47546a; --c-person:#d9ae2f; --c-database:#5f92f5; --c-aws:#f2a14e; --c-dns:#a684ee;
  --c-users:#35c1aa; --c-own:#c2c75f; --c-hold:#6f9cc4; --c-call:#b98d55; --c-tool:#f0628f;`;

const CAUSE_CLASSES = ['before', 'stopped', 'person', 'database', 'aws', 'dns', 'users', 'own', 'hold', 'call', 'tool']
  .map((cause) => `.c-${cause}{fill:var(--c-${cause})}`)
  .join('\n');

const BASE = `
*{box-sizing:border-box}
html{background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
body{margin:0}
main{max-width:1120px;margin:0 auto;padding:0 24px 48px}
h1{font-size:30px;line-height:1.2;margin:4px 0 4px;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:18px;margin:40px 0 12px;padding-bottom:6px;border-bottom:1px solid var(--line)}
h3{font-size:14px;margin:22px 0 8px}
p{margin:8px 0;overflow-wrap:anywhere}
ul{margin:0;padding-left:18px} a{color:var(--link)}
code{font:12px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
.ribbon{position:sticky;top:0;z-index:2;padding:7px 24px;text-align:center;background:var(--ribbon);color:var(--ribbon-ink);font-weight:650;font-size:13px;letter-spacing:.02em}
.ribbon-row{display:none}
.mode{font-size:11px;font-weight:700;letter-spacing:.06em;color:var(--mode);background:var(--mode-bg);padding:2px 8px;border-radius:9px;vertical-align:2px;margin-left:6px}
.over{color:var(--soft);font-size:13px;margin:28px 0 0}
.over,.sub{font-variant-numeric:tabular-nums}
.sub{color:var(--soft);margin:0 0 18px}
.verdict{border-left:6px solid;border-radius:6px;padding:13px 18px;font-size:19px;line-height:1.4;font-weight:600;margin:0 0 18px}
.verdict.good{border-color:var(--good);background:var(--good-bg)}
.verdict.bad{border-color:var(--bad);background:var(--bad-bg)}
.verdict.warn{border-color:var(--warn);background:var(--warn-bg)}
.verdict.mute{border-color:var(--mute);background:var(--mute-bg)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:14px}
.card{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:14px 16px;break-inside:avoid}
.card h3,.card h2{margin:0;padding:0;border:0;color:var(--soft);font-size:13px;font-weight:600;display:flex;justify-content:space-between;gap:8px;align-items:center}

.card .big{color:var(--ink);font-size:30px;line-height:1.2;font-weight:680;letter-spacing:-.02em;margin:6px 0 2px;font-variant-numeric:tabular-nums}
.card .big small{font-size:15px;font-weight:500;letter-spacing:0;color:var(--soft)}
.card .big.nm{font-size:21px;color:var(--warn)}
.card p{margin:2px 0 0;color:var(--soft);font-size:13px;line-height:1.4}
.meter{display:block;width:100%;height:6px;margin:8px 0 6px}
.meter .rest{fill:var(--line)} .meter .good{fill:var(--good)} .meter .bad{fill:var(--bad)} .meter .mute{fill:var(--mute)}
.pill{display:inline-block;white-space:nowrap;font-size:12px;font-weight:650;padding:1px 8px;border-radius:9px;line-height:1.5} .pill.long{white-space:normal}
.pill.good{color:var(--good);background:var(--good-bg)} .pill.bad{color:var(--bad);background:var(--bad-bg)}
.pill.warn{color:var(--warn);background:var(--warn-bg)} .pill.mute{color:var(--mute);background:var(--mute-bg)}
.nm{color:var(--warn);font-weight:600} .why{color:var(--soft);font-size:13px} .nm+.why{margin-left:6px} .none{color:var(--soft)}
.wide,.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th{text-align:left;font-weight:600;color:var(--soft);font-size:12px;white-space:nowrap}
th,td{padding:6px 12px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
td,td code{overflow-wrap:break-word} th:last-child,td:last-child{padding-right:0}
th.w{min-width:210px} th.f,td.f{white-space:nowrap}
th.n,td.n{text-align:right;white-space:nowrap;overflow-wrap:normal}
td .why{display:block}
td.n .why{display:inline;white-space:normal}
.facts{margin:0;font-size:14px} .facts div{display:grid;grid-template-columns:190px 1fr;gap:12px;padding:5px 0;border-bottom:1px solid var(--line);break-inside:avoid}
.facts dt{color:var(--soft)} .facts dd{margin:0;overflow-wrap:anywhere}
.key{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:12.5px;color:var(--soft);margin:10px 0 0;padding:0;list-style:none}
.swatch{width:11px;height:11px;vertical-align:-1px;margin-right:5px}
.stack{display:block;width:100%;height:26px;margin:4px 0 10px}
.alarm{border:2px solid var(--bad);background:var(--bad-bg);border-radius:6px;padding:6px 14px;margin:0 0 18px;font-weight:600}
.next{margin:0;padding-left:20px} .next li{margin:4px 0}
footer{max-width:1120px;margin:0 auto;padding:0 24px 40px;color:var(--soft);font-size:12.5px}
footer p{border-top:1px solid var(--line);padding-top:12px}
`;

/* On a phone a row is a block: each cell with its heading beside it. */
const PHONE = `
  main,footer{padding-left:16px;padding-right:16px} .ribbon{padding:6px 16px;font-size:12px} h1{font-size:24px} .verdict{font-size:17px;padding:11px 14px}
  .cards{grid-template-columns:1fr 1fr;gap:10px} .card{padding:11px 12px} .card .big{font-size:23px} .card .big.nm{font-size:17px}
  .facts div{grid-template-columns:1fr;gap:0} .key{gap:4px 12px}
  .wide table,.wide tbody,.wide tr,.wide td{display:block} .wide thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
  .wide tr{border-bottom:1px solid var(--line);padding:8px 0} .wide td,.wide td.n,.wide td.f{display:flow-root;border:0;padding:2px 0 2px 112px;text-align:left;white-space:normal;overflow-wrap:anywhere}
  .wide td:empty{display:none}
  .wide td::before{content:attr(data-head);float:left;width:104px;margin-left:-112px;color:var(--soft);font-size:12px;line-height:1.7}
  td.n .why{display:block}
`;

const TIMELINE = `
.timeline{display:block;width:100%;min-width:820px;height:auto}
.timeline text{font-family:inherit;fill:var(--ink);font-size:12px}
.timeline .band{fill:var(--panel)} .timeline .band.odd{fill:var(--page)}
.timeline .lane{font-size:10.5px;font-weight:700;letter-spacing:.07em;text-transform:uppercase;fill:var(--soft)}
.timeline .tick,.timeline .head{font-size:10.5px;fill:var(--soft)}
.timeline .flag{font-size:11.5px;font-weight:600}
.timeline .took{font-weight:600} .timeline .expect,.timeline .idle{fill:var(--soft);font-weight:400}
.timeline .grid{stroke:var(--line);stroke-width:1}
.timeline .mark{stroke:var(--mark);stroke-width:1;stroke-dasharray:2 3;opacity:.75}
.timeline .down{fill:var(--down);opacity:.09}
.timeline .fold{fill:var(--ghost);opacity:.28}
.timeline .up{fill:var(--good)} .timeline .bad{fill:var(--down)}
.timeline .ghost{fill:none;stroke:var(--ghost);stroke-width:1}
.timeline .whisker{stroke:var(--ghost);stroke-width:1} .timeline .cut{stroke-dasharray:5 3}
.timeline .end-failed{fill:var(--bad)} .timeline .end-refused{fill:var(--warn)}
.timeline [class^="c-"]{opacity:.95}
`;

const PLOTS = `
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:18px} figure{margin:0;break-inside:avoid} figcaption{font-size:13px;font-weight:600;color:var(--soft)}
.plot{display:block;width:100%;height:auto} .plot text{font-family:inherit;font-size:11px;fill:var(--soft)} .plot .grid{stroke:var(--line);stroke-width:1}
.plot .wanted{fill:none;stroke:var(--warn);stroke-width:1.5;stroke-dasharray:6 4} .plot .way{fill:none;stroke:var(--ghost);stroke-width:1.5}
.plot .good{fill:var(--good)} .plot .cross{fill:none;stroke:var(--bad);stroke-width:2.5} .plot .ring{fill:var(--page);stroke:var(--warn);stroke-width:2} .plot .unknown{fill:var(--warn)}
`;

const PRINT = `
  html{font-size:12px} main{max-width:none;padding:0} .ribbon{position:static}
  .ribbon-row{display:table-row} .ribbon-row th{color:var(--mode);background:var(--mode-bg);padding:3px 8px}
  h2{margin-top:26px;break-after:avoid} h2+p{break-after:avoid} h3{break-after:avoid} tr{break-inside:avoid} thead{display:table-header-group}
  table{font-size:11px} th,td{padding:4px 8px 4px 0} th{white-space:normal} th.w{min-width:90px} td.n,td.f{white-space:normal} td,td code{overflow-wrap:anywhere} .why{font-size:10.5px} code{font-size:10px}
  .wide,.scroll{overflow:visible} .timeline{min-width:0}
  .cards{grid-template-columns:repeat(auto-fit,minmax(118px,1fr))} .card .big{font-size:22px} .card .big.nm{font-size:16px}
  *{-webkit-print-color-adjust:exact;print-color-adjust:exact}
`;

/** The style sheet; in print the mode's mark stands at the head of every sheet. */
export function stylesFor(mark: ModeMark | undefined): string {
  const head = mark === undefined ? '' : `@top-center{content:"${mark.ribbon}";font:600 9pt system-ui,sans-serif;color:#5b2bb5}`;
  return `:root{color-scheme:light dark;${LIGHT}}
@media screen and (prefers-color-scheme:dark){:root{${DARK}}}
${BASE}${CAUSE_CLASSES}
${TIMELINE}${PLOTS}
@media screen and (max-width:640px){${PHONE}}
@page{margin:16mm 12mm 14mm;@bottom-right{content:counter(page) " / " counter(pages);font:9pt system-ui,sans-serif}${head}}
@media print{${PRINT}}`;
}
