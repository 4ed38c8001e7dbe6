import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/json.ts';
import { buildEvidence } from '../../src/report/evidence.ts';
import type { Evidence } from '../../src/report/evidence-schema.ts';
import { evidenceText, renderHtml } from '../../src/report/html.ts';
import { failedRun, goodRun, LAB } from './fixtures.ts';

const lab = (() => {
  const script = goodRun({ mode: 'lab' });
  return buildEvidence(script.state(), script.records, { lab: LAB });
})();
const live = (() => {
  const script = goodRun();
  return buildEvidence(script.state(), script.records);
})();
const failed = (() => {
  const script = failedRun();
  return buildEvidence(script.state(), script.records);
})();

/** Every tag's name with the names of its attributes, e.g. `rect class height width x y`. */
function shapes(page: string): Set<string> {
  // <wbr> depends on the text: names may be broken after their dots.
  const body = page.replace(/<style>[^]*?<\/style>/, '').replaceAll('<wbr>', '');
  const found = new Set<string>();
  for (const [, name = '', rest = ''] of body.matchAll(/<([a-z!/][a-z0-9]*)((?:"[^"]*"|[^>"])*)>/gi)) {
    const attributes = [...rest.matchAll(/\s([a-zA-Z-]+)(?:="[^"]*"|=)?/g)].map((m) => m[1]).sort();
    found.add([name, ...new Set(attributes)].join(' '));
  }
  return found;
}

/** The same document with every text that comes from outside replaced. */
function hostile<T>(value: T, text: string): T {
  if (typeof value === 'string') {
    const keep = /^\d{4}-\d\d-\d\dT|^(met|missed|not measured|failed|refused|unfinished|live|lab|simulated|done|not-run|yes|no|in place|not known|RTO|RPO|typed|flag|real|model|passed|none)$/;
    return (keep.test(value) ? value : text) as T;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => hostile(item, text)) as T;
  if (value === null || typeof value !== 'object') return value;
  const kept = new Set(['phase', 'cause', 'reversibility', 'schema', 'confirmedBy', 'verb']);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, kept.has(k) ? (v as unknown) : hostile(v as unknown, text)])) as T;
}

describe('the page', () => {
  it('needs nothing from outside and runs nothing', () => {
    for (const page of [lab, live, failed].map(renderHtml)) {
      expect(page).not.toMatch(/<script|<link|<iframe|<img|<object|\ssrc=|\shref=|url\(|@import|\sstyle=|\son[a-z]+=/i);
      expect(page.replaceAll('<wbr>', '').match(/https?:\/\//g)?.length).toBe(1); // the probe's own address, as text
    }
  });

  it('is numbered where it is printed', () => {
    expect(renderHtml(lab)).toMatch(/@page\{[^@]*@bottom-right\{content:counter\(page\) " \/ " counter\(pages\)/);
  });

  it('has a policy that allows its own style sheet and nothing else', () => {
    const page = renderHtml(lab);
    const styles = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(styles).digest('base64');
    expect(page).toContain(`content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'"`);
    expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style>'));
  });

  it('escapes every text, wherever it stands', () => {
    const attacks = ['"><script>alert(1)</script>', "' onload='alert(1)", '</style></svg><img src=x onerror=alert(1)>', '<!--', '&lt;b&gt;', '${7*7}'];
    for (const evidence of [lab, live, failed]) {
      const plain = shapes(renderHtml(hostile(evidence, 'plain')));
      for (const attack of attacks) {
        const page = renderHtml(hostile(evidence, attack));
        expect(shapes(page)).toEqual(plain);
        expect(page).not.toContain(attack.includes('<') || attack.includes('&') ? attack : '\0');
      }
    }
  });

  it('makes marks visible that would turn or hide a name', () => {
    const page = renderHtml(hostile(live, 'a\u202Egnp.exe\u0007\u200B'));
    expect(page).not.toMatch(/[\u202E\u0007\u200B]/);
    expect(page).toContain('a\\u202egnp.exe\\u0007\\u200b');
  });

  it('carries the mark of the lab in its ribbon, every section heading, the title, the sheet head and the footer', () => {
    const page = renderHtml(lab);
    const headings = [...page.matchAll(/<section>\n<h2>([^]*?)<\/h2>/g)].map((m) => m[1] ?? '');
    expect(headings.length).toBeGreaterThan(10);
    for (const heading of headings) expect(heading).toContain('<span class="mode">LAB</span>');
    expect(page).toContain('<aside class="ribbon">LAB RUN');
    expect(page).toMatch(/<title>\[LAB\] /);
    expect(page).toMatch(/@top-center\{content:"LAB RUN/);
    expect(page).toMatch(/<footer>[^]*LAB RUN/);
  });

  it('marks simulated runs and runs with overridden endpoints, and no other', () => {
    expect(renderHtml({ ...lab, test: { ...lab.test, kind: 'simulated' } })).toContain('<span class="mode">SIMULATED</span>');
    expect(renderHtml({ ...live, endpoints: ['AWS_ENDPOINT_URL'] })).toContain('<span class="mode">NOT AWS ITSELF</span>');
    expect(renderHtml(live)).not.toMatch(/class="mode"|class="ribbon"/);
  });

  it('prints "not measured" with the reason', () => {
    const page = renderHtml(failed);
    expect(page).toContain('not measured');
    expect(page).toContain('the run failed: it has a time to failure, not an RTO');
    expect(page).toContain('Time to failure');
    expect(page).not.toContain('class="verdict good"');
  });

  it('shows figures, request ids, changes, truth and proof', () => {
    const page = renderHtml(lab).replaceAll('<wbr>', '');
    for (const text of [
      '8.2 s<small> of 15m',
      '≤ 31 s<small> of 1m',
      'bound 31 s, true loss 20 ms: 3 orders',
      'req-traffic.storefront.flip-act',
      'read replica of shop-orders',
      lab.integrity.head,
      'shop-1a2b3c4d5e6f7081',
    ]) {
      expect(page).toContain(text);
    }
    expect(page).toContain(sha256(evidenceText(lab)));
  });

  it('cries out when the bound did not hold', () => {
    const page = renderHtml({ ...lab, lab: lab.lab === null ? null : { ...lab.lab, boundHolds: false } });
    expect(page).toContain('The bound did not hold');
    expect(renderHtml(lab)).not.toContain('The bound did not hold');
  });

  it('renders a document that has been through JSON to the same page', () => {
    expect(renderHtml(JSON.parse(evidenceText(lab)) as Evidence)).toBe(renderHtml(lab));
  });
});
