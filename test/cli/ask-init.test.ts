import { describe, expect, it } from 'vitest';
import type { Draft } from '../../src/app/init/draft.ts';
import { askRegions, askWishes } from '../../src/cli/ask-init.ts';
import type { ConfirmIo } from '../../src/cli/confirm.ts';

/** A person who types these lines; what is asked after the last is answered with Return. */
function person(...lines: string[]): ConfirmIo & { shown: string } {
  return {
    tty: true,
    shown: '',
    write(text) {
      this.shown += text;
    },
    ask(question) {
      this.shown += `${question}\n`;
      return Promise.resolve(lines.shift() ?? '');
    },
  };
}

const draft = (name: string): Draft => ({ name, strategy: 'pilot-light', because: 'a replica', value: { objectives: { rpo: '5m', rto: '15m' } } }) as unknown as Draft;
const REGIONS = ['ap-northeast-2', 'ap-northeast-1'];

describe('regions', () => {
  it('Return takes those that were found', async () => {
    expect(await askRegions(person(), REGIONS)).toEqual(REGIONS);
  });

  it('one that is none, and one alone, are asked for again, with what may have been meant', async () => {
    const io = person('seoul,ap-northeast-1', 'ap-northeast-1', ' ap-northeast-1 , ap-northeast-2');
    expect(await askRegions(io, REGIONS)).toEqual(['ap-northeast-1', 'ap-northeast-2']);
    expect(io.shown).toContain('"seoul" is no region: did you mean ap-northeast-2?');
    expect(io.shown).toContain('Two regions or more are needed');
  });
});

describe('wishes', () => {
  it('Return at every question takes the defaults, and decides nothing that only people know', async () => {
    const io = person();
    const { drafts, wishes } = await askWishes(io, [draft('shop'), draft('archive')], {});
    expect(drafts.map(({ name }) => name)).toEqual(['shop', 'archive']);
    expect(wishes).toEqual({ owner: undefined, rpo: '5m', rto: '15m', approvers: undefined });
    expect(io.shown).toContain('  shop: pilot-light (a replica)\n  archive: pilot-light (a replica)');
  });

  it('takes what is typed, for the applications that are named', async () => {
    const { drafts, wishes } = await askWishes(person('archive', 'ops@example.com', 'lead@example.com, boss@example.com', '1m', '2h'), [draft('shop'), draft('archive')], {});
    expect(drafts.map(({ name }) => name)).toEqual(['archive']);
    expect(wishes).toEqual({ owner: 'ops@example.com', approvers: ['lead@example.com', 'boss@example.com'], rpo: '1m', rto: '2h' });
  });

  it('an application that was not found, and a duration without its unit, are asked for again; after three tries the default is taken', async () => {
    const io = person('shopp', 'shop', '', '', '5', 'soon', 'never', '1h');
    const { drafts, wishes } = await askWishes(io, [draft('shop'), draft('archive')], {});
    expect(drafts.map(({ name }) => name)).toEqual(['shop']);
    expect(io.shown).toContain('"shopp" was not found: shop,archive.');
    expect(io.shown).toContain('"5" is no duration: write a number with its unit, e.g. 15m.');
    expect(wishes).toMatchObject({ rpo: '5m', rto: '1h' });
  });

  it('does not ask what a flag has said, nor which one where there is one', async () => {
    const io = person();
    expect((await askWishes(io, [draft('shop')], { owner: 'a', rpo: '1m', rto: '1h', approvers: ['b'] })).wishes).toEqual({ owner: 'a', rpo: '1m', rto: '1h', approvers: ['b'] });
    expect(io.shown).not.toContain('?');
  });
});
