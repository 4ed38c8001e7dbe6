import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'csv-parse/sync';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import type { Evidence } from '../../src/report/evidence-schema.ts';
import { buildEvidence } from '../../src/report/evidence.ts';
import { CSV_COLUMNS } from '../../src/report/formats/csv.ts';
import { FORMATS, REPORT_FORMATS } from '../../src/report/formats/formats.ts';
import { failedRun, goodRun, LAB, type Script } from './fixtures.ts';

const evidenceOf = (script: Script): Evidence => buildEvidence(script.state(), script.records, { lab: LAB });
const hostileText = '<script>alert(1)</script> | `x` \u0007 "quoted", \'single\' & ]]> [link](https://evil.example) @here\n=cmd()';
/** A run, one that failed, one in the lab, and one whose texts attack each format. */
const RUNS: readonly (readonly [string, Evidence])[] = [
  ['a good run', evidenceOf(goodRun())],
  ['a failed run', evidenceOf(failedRun())],
  ['a run in the lab', evidenceOf(goodRun({ mode: 'lab' }))],
  ['a run with hostile texts', hostile(evidenceOf(goodRun()))],
];

function hostile(evidence: Evidence): Evidence {
  const steps = evidence.steps.map((step) => ({ ...step, title: hostileText, because: hostileText, state: 'failed' as const, error: { code: 'X', message: hostileText, next: [hostileText] } }));
  return { ...evidence, steps, verdict: { word: 'failed', sentence: hostileText }, next: [hostileText], deviations: [{ step: null, sort: '-2+3', text: '=HYPERLINK("https://evil.example")', at: null }] };
}

describe('json', () => {
  const validate = (() => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(ajv);
    return ajv.compile(JSON.parse(readFileSync(new URL('../../schema/report.json', import.meta.url), 'utf8')) as object);
  })();

  it.each(RUNS)('%s is valid by the schema that is shipped', (_name, evidence) => {
    validate(JSON.parse(FORMATS.json.render(evidence)));
    expect(validate.errors ?? []).toEqual([]);
  });

  it('what is not a report is not valid', () => {
    const { verdict: _, ...rest } = JSON.parse(FORMATS.json.render(RUNS[0]?.[1] as Evidence)) as Evidence;
    expect(validate(rest)).toBe(false);
    expect(validate({ ...rest, verdict: { word: 'met', sentence: '' }, asOf: 'yesterday' })).toBe(false);
  });
});

describe('junit', () => {
  const schema = readFileSync(new URL('./junit.xsd', import.meta.url), 'utf8');
  const problems = async (xml: string): Promise<string[]> => (await validateXML({ xml: [{ fileName: 'report.xml', contents: xml }], schema: [schema] })).errors.map(({ message }) => message);

  it.each(RUNS)('%s is valid by the schema', async (_name, evidence) => {
    const xml = FORMATS.junit.render(evidence);
    expect(await problems(xml)).toEqual([]);
    const count = (element: string): number => xml.split(`<${element} `).length - 1;
    const [, tests, failures, errors] = /<testsuites name="dr" tests="(\d+)" failures="(\d+)" errors="(\d+)"/.exec(xml) ?? [];
    expect([tests, failures, errors].map(Number)).toEqual([count('testcase'), count('failure'), count('error')]);
  });

  it('the schema finds what is wrong', async () => {
    const xml = FORMATS.junit.render(RUNS[0]?.[1] as Evidence);
    expect(await problems(xml.replace(/ classname="[^"]*"/, ''))).not.toEqual([]);
    expect(await problems(xml.replace('<testcase', '<case'))).not.toEqual([]);
  });

  it('fails where an objective was missed or not measured, and where a step failed', () => {
    const good = evidenceOf(goodRun({ mode: 'lab' }));
    expect(FORMATS.junit.render(good)).not.toContain('<failure');
    const [rto, rpo] = good.objectives;
    if (rto === undefined || rpo === undefined) throw new Error('two objectives');
    for (const verdict of ['missed', 'not measured'] as const) {
      expect(FORMATS.junit.render({ ...good, objectives: [{ ...rto, verdict }, rpo] })).toMatch(/<testcase name="objective RTO"[^>]*>\n\s*<failure/);
    }
    expect(FORMATS.junit.render(evidenceOf(failedRun()))).toMatch(/databases\.orders\.promote[^>]*>\n\s*<failure type="failed"/);
  });
});

describe('csv', () => {
  it.each(RUNS)('%s is read back, cell by cell', (_name, evidence) => {
    const rows = parse<Record<string, string>>(FORMATS.csv.render(evidence), { columns: true });
    expect(Object.keys(rows[0] ?? {})).toEqual([...CSV_COLUMNS]);
    const steps = rows.filter(({ row }) => row === 'step');
    expect(steps.map(({ name }) => name)).toEqual(evidence.steps.map(({ id }) => id));
    expect(steps.map(({ ms }) => (ms === '' ? null : Number(ms)))).toEqual(evidence.steps.map(({ ms }) => ms));
    expect(rows.filter(({ row }) => row === 'objective').map(({ state }) => state)).toEqual(evidence.objectives.map(({ verdict }) => verdict));
  });

  it('no cell is a formula for a spreadsheet', () => {
    const rows = parse<Record<string, string>>(FORMATS.csv.render(RUNS[3]?.[1] as Evidence), { columns: true });
    const cells = rows.flatMap((row) => Object.values(row));
    expect(cells.some((cell) => cell.startsWith("'=HYPERLINK"))).toBe(true);
    expect(cells.filter((cell) => /^[=+\-@]/.test(cell))).toEqual([]);
  });
});

describe('markdown', () => {
  const rendered = async (evidence: Evidence): Promise<string> => marked.parse(FORMATS.markdown.render(evidence), { async: true, gfm: true });

  it.each(RUNS)('%s becomes a page with its tables', async (_name, evidence) => {
    const page = await rendered(evidence);
    expect(page).toMatch(/^<h1>/);
    const tables = page.match(/<table>[^]*?<\/table>/g) ?? [];
    const steps = tables.find((table) => table.includes('Expected at most')) ?? '';
    expect(steps.match(/<tr>/g)).toHaveLength(evidence.steps.length + 1);
    for (const table of tables) for (const row of table.match(/<tr>[^]*?<\/tr>/g) ?? []) expect(row.match(/<t[hd]/g)?.length).toBe(/<tr>[^]*?<\/tr>/.exec(table)?.[0].match(/<t[hd]/g)?.length);
  });

  it('holds no markup and no link from outside', async () => {
    expect(await rendered(RUNS[3]?.[1] as Evidence)).not.toMatch(/<script|<a |<img|evil\.example">/);
  });
});

it('each format ends with a line break and holds no time of its making', () => {
  for (const format of REPORT_FORMATS) {
    const [first, second] = [0, 1].map(() => FORMATS[format].render(evidenceOf(goodRun())));
    expect(first).toBe(second);
    expect(first?.endsWith('\n')).toBe(true);
  }
});
