import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { explain, explainable } from '../../src/app/explain.ts';
import { EXIT, EXIT_MEANING } from '../../src/base/exit-codes.ts';
import { explainText } from '../../src/cli/explain-view.ts';
import { width } from '../../src/cli/text.ts';
import { KIND_NAMES, OWN_KIND_NAMES } from '../../src/kinds/registry.ts';

const plain = (_style: unknown, words: string): string => words;
const ROOT = join(import.meta.dirname, '..', '..');

describe('dr explain', () => {
  it('knows every kind, custom step, exit code, and every rule that a test shows', async () => {
    const names = new Map((await explainable()).map((group) => [group.what, group.names]));
    expect(names.get('kind')).toEqual([...KIND_NAMES]);
    expect(names.get('custom step')).toEqual([...OWN_KIND_NAMES]);
    expect(names.get('exit code')).toEqual(Object.entries(EXIT).map(([name, code]) => `${code} ${name}`));
    const shown = readdirSync(join(ROOT, 'test', 'refusals')).flatMap((file) => [...readFileSync(join(ROOT, 'test', 'refusals', file), 'utf8').matchAll(/rule +(\S+)\n +observed/g)].map(([, rule]) => rule));
    expect(shown.length).toBeGreaterThan(30);
    expect([...new Set(shown)].filter((rule) => !(names.get('rule') ?? []).includes(rule ?? ''))).toEqual([]);
  });

  it('knows every rule that the code of a check names', async () => {
    const sources = ['kinds', 'app/check'].flatMap((folder) => readdirSync(join(ROOT, 'src', folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).map((file) => readFileSync(join(ROOT, 'src', folder, file), 'utf8')));
    const rules = sources.flatMap((text) => [...text.matchAll(/\b(?:error|warning|note|missing)\((?:about, )?'([a-z0-9-]+)',/g)].map(([, rule = '']) => rule));
    expect(new Set(rules).size).toBeGreaterThan(60);
    const known = (await explainable()).find(({ what }) => what === 'finding')?.names ?? [];
    expect([...new Set(rules)].filter((rule) => !known.includes(rule))).toEqual([]);
  });

  it('a finding of a check: how bad it is, what was observed, what is wanted, how to mend it, and the page of AWS', async () => {
    const [finding, ...more] = await explain('launch-key-pair');
    expect(more).toEqual([]);
    expect(finding?.what).toBe('finding');
    expect(finding?.lines.map((line) => line.split(':')[0])).toEqual(['severity', 'observed', 'wanted', 'consequence', 'mend', 'this is one example; dr check says what it saw itself']);
    expect(finding?.pages).toEqual(['https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/delete-key-pair.html']);
    expect((await explain('quarantine')).map(({ what }) => what)).toEqual(['rule', 'finding']);
  });

  it('of every name there is something to read, and no line is wider than the terminal, unless an address alone is', async () => {
    for (const { what, names } of await explainable()) {
      for (const name of names) {
        const found = await explain(what === 'exit code' ? (name.split(' ')[0] ?? '') : name);
        expect(found.map((one) => one.what), name).toContain(what);
        const text = explainText(found, plain, 80);
        expect(text, name).not.toMatch(/\]\(|`/);
        expect(text.split('\n').length, name).toBeGreaterThan(1);
        expect(text.split('\n').filter((line) => width(line) > 80 && /\S .*\S/.test(line.trim()) && !line.includes('https://')), name).toEqual([]);
      }
    }
  });

  it('a rule: what was observed, against which threshold, what would happen, and what overrides it', async () => {
    const [rule] = await explain('rpo-gate');
    expect(rule?.what).toBe('rule');
    expect(rule?.lines.map((line) => line.split(':')[0])).toEqual(['observed', 'threshold', 'consequence', 'override', 'this is one example; a refusal names what it saw itself, and how long ago']);
  });

  it('a step by its sort and by its id in a plan, with the pages of AWS', async () => {
    for (const name of ['rds-read-replica.promote', 'databases.orders.promote', 'databases.mine.promote']) {
      const [step] = await explain(name);
      expect(step).toMatchObject({ what: 'step', name: 'rds-read-replica.promote' });
      expect(step?.pages).toContain('https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html');
      expect(step?.lines.join('\n')).toContain('dr resume looks again');
    }
  });

  it('a kind: its keys, its steps, and the pages of AWS', async () => {
    const [kind] = await explain('route53-weighted');
    expect(kind?.what).toBe('kind');
    expect(kind?.lines.some((line) => line.startsWith('key weights'))).toBe(true);
    expect(kind?.lines.some((line) => line.startsWith('step route53-weighted.shift: '))).toBe(true);
    expect(kind?.pages).toContain('https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html');
  });

  it('an exit code by its number and by its name', async () => {
    for (const name of ['8', 'objectiveMissed']) expect(await explain(name)).toEqual([{ what: 'exit code', name: '8 objectiveMissed', lines: [`meaning: ${EXIT_MEANING.objectiveMissed}`], pages: [] }]);
  });

  it.each([['rpo-gat', 'rpo-gate'], ['rds-replica', 'rds-read-replica'], ['objectivemisse', 'objectivemissed']])('%s is unknown, and %s is meant', async (typed, meant) => {
    await expect(explain(typed)).rejects.toMatchObject({ code: 'NAME_UNKNOWN', exit: 'usage', next: [`did you mean: dr explain ${meant}`] });
  });

  it('what nothing is like names the list', async () => {
    await expect(explain('xyzzy')).rejects.toMatchObject({ next: ['dr explain    lists all names'] });
  });
});
