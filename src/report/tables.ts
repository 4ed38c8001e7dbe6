import { html, type Html, type HtmlValue } from './escape.ts';
import type { ModeMark } from './mode.ts';

interface Column {
  head: string;
  /** Right-aligned figures. */
  number?: boolean;
  /** Wide enough for a sentence. */
  wide?: boolean;
  /** Never broken into lines. */
  firm?: boolean;
}

/** A table of more rows may be broken over pages, so its head carries the mode's mark, too. */
const LONG = 8;

/** A table whose head is repeated on every printed page. Says so when it has no rows. */
export function table(columns: readonly Column[], rows: readonly (readonly HtmlValue[])[], mark: ModeMark | undefined, none: string): Html {
  if (rows.length === 0) return html`<p class="none">${none}</p>`;
  const ribbon = mark !== undefined && rows.length > LONG && html`<tr class="ribbon-row"><th colspan="${columns.length}">${mark.ribbon}</th></tr>`;
  const head = columns.map((c) => html`<th scope="col" class="${classOf(c)}">${c.head}</th>`);
  const body = rows.map(
    (row) => html`<tr>${row.map((cell, i) => html`<td class="${classOf(columns[i])}" data-head="${columns[i]?.head}">${cell}</td>`)}</tr>\n`,
  );
  return html`<div class="wide"><table><thead>${ribbon}<tr>${head}</tr></thead><tbody>
${body}</tbody></table></div>`;
}

function classOf(column: Column | undefined): string {
  return column?.number === true ? 'n' : column?.wide === true ? 'w' : column?.firm === true ? 'f' : '';
}

/** Names and values, one a line. */
export function facts(rows: readonly (readonly [string, HtmlValue])[]): Html {
  return html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>`;
}

/** A section with its heading; the mark of the mode stands in each heading. */
export function section(title: string, mark: ModeMark | undefined, ...content: readonly HtmlValue[]): Html {
  return html`<section>
<h2>${title}${mark !== undefined && html` <span class="mode">${mark.chip}</span>`}</h2>
${content}
</section>
`;
}

/** Longer ones may be broken into lines. */
const PILL_LONG = 24;

/** A coloured word: `good`, `bad`, `warn` or `mute`. */
export function pill(tone: Tone, text: string): Html {
  return html`<span class="pill ${tone}${text.length > PILL_LONG && ' long'}">${text}</span>`;
}

export type Tone = 'good' | 'bad' | 'warn' | 'mute';

/** What was not measured is printed so, with its reason. */
export function notMeasured(because: string): Html {
  return html`<span class="nm">not measured</span>${because !== '' && html`<span class="why">${because}</span>`}`;
}

/** A name or command; it may be broken after its dots, slashes and colons. */
export function code(text: string): Html {
  return html`<code>${text.split(/(?<=[./:_=])/).map((part, i) => (i === 0 ? html`${part}` : html`<wbr>${part}`))}</code>`;
}

/** A bulleted list, or `none` when there is nothing. */
export function list(items: readonly HtmlValue[], none = 'none'): Html {
  if (items.length === 0) return html`<span class="why">${none}</span>`;
  return html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}
