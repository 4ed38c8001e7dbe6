import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText, html, join } from '../../src/report/escape.ts';

describe('html', () => {
  it('escapes every value that is not markup itself', () => {
    expect(html`<p title="${`"'<>&`}">${['a', html`<b>${'<'}</b>`]}${null}${undefined}${false}${0}</p>`.text).toBe(
      '<p title="&quot;&#39;&lt;&gt;&amp;">a<b>&lt;</b>0</p>',
    );
    expect(join([html`<i>`, html`${'<'}`]).text).toBe('<i>&lt;');
  });

  it('leaves no character of markup in any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeText(text)).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
      }),
    );
  });
});
