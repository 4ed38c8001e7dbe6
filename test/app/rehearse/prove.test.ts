import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rehearsable } from '../../../src/app/rehearse/one.ts';
import { prove, type Proof } from '../../../src/app/rehearse/prove.ts';
import { TROUBLES } from '../../../src/app/rehearse/troubles.ts';
import { proveJunit } from '../../../src/cli/rehearse-view.ts';
import { loadRunbook } from '../../../src/runbook/load.ts';
import { SEOUL, TOKYO } from '../../engine/simulated.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

async function rehearsalOf(name: string) {
  return { loaded: rehearsable(await loadRunbook(join(ROOT, 'runbooks', `${name}.yaml`)), {}), source: SEOUL, target: TOKYO, durations: {}, faults: false };
}

/** The rule, or the end, by which each planted trouble is met. */
const byName = (proofs: readonly Proof[]) => new Map(proofs.map((one) => [one.name, one]));

describe('planted troubles', () => {
  it.each(['shop', 'billing', 'archive', 'active-active'])('%s: each is refused, or recovered from', async (name) => {
    const proofs = await prove(await rehearsalOf(name));
    expect(proofs.filter(({ ok }) => !ok)).toEqual([]);
    expect(proofs).toHaveLength(TROUBLES.length);
    expect(proofs.filter(({ end }) => end === 'refused').length).toBeGreaterThan(5);
    // With backups alone a disabled health check leaves too few to say that the region is lost.
    expect(proofs.filter(({ end }) => end === 'recovered').length).toBeGreaterThan(name === 'archive' ? 1 : 2);
  });

  it('are met by the rule that is about them', async () => {
    const proofs = byName(await prove(await rehearsalOf('shop')));
    const rules = { 'false-alarm': 'source-down', 'approver-absent': 'approval', 'replica-stopped': 'rpo-gate', 'lag-over-rpo': 'rpo-gate', 'replica-failed': 'replica-usable', 'record-protected': 'record-protected' };
    for (const [name, rule] of Object.entries(rules)) expect([name, proofs.get(name)?.because]).toEqual([name, expect.stringContaining(rule)]);
    expect(proofs.get('permission-to-promote-missing')?.because).toContain('AccessDenied');
    expect(proofs.get('capacity-short')).toMatchObject({ end: 'recovered', starts: 2 });
  });

  it('of backups and images are met by the rule that is about them', async () => {
    const names = new Set(['backups-stopped', 'backups-gone', 'backups-with-a-lost-key', 'no-room-for-a-restore', 'images-gone']);
    const proofs = byName(await prove(await rehearsalOf('archive'), TROUBLES.filter(({ name }) => names.has(name))));
    const rules = { 'backups-stopped': 'rpo-gate', 'backups-gone': 'recoveryGate: rpo-gate', 'backups-with-a-lost-key': 'recoveryGate: rpo-gate', 'no-room-for-a-restore': 'quota', 'images-gone': 'image' };
    expect(proofs.size).toBe(names.size);
    for (const [name, rule] of Object.entries(rules)) expect([name, proofs.get(name)?.end, proofs.get(name)?.because]).toEqual([name, 'refused', expect.stringContaining(rule)]);
  });

  it('that go unnoticed fail: one that is none, but has to be refused', async () => {
    const [proof] = await prove(await rehearsalOf('shop'), [{ name: 'nothing', what: 'nothing at all', must: 'refused', fits: () => true }]);
    expect(proof).toMatchObject({ end: 'unnoticed', ok: false });
    expect(proveJunit('shop', 'a to b', proof === undefined ? [] : [proof])).toMatch(/tests="1" failures="1"[^]*<failure type="unnoticed"/);
  });

  it('that leave users without an answer fail, whatever the run says', async () => {
    const [proof] = await prove(await rehearsalOf('shop'), [{
      name: 'gone-again',
      what: 'the application of the target stops when the run is over',
      must: 'borne',
      fits: () => true,
      during: ({ stage: { clock, world }, target }) => void clock.sleep(10 * 60_000).then(function watch(): Promise<void> | void {
        const over = [...world.state.published].length > 0;
        if (over) for (const app of world.state.applications.in(target)) world.setApplicationUp(app.address, false);
        else return clock.sleep(10).then(watch);
      }),
    }]);
    expect(proof).toMatchObject({ ok: false });
  });

  it('that never end are said to be stuck', async () => {
    const [proof] = await prove(await rehearsalOf('shop'), [{
      name: 'denied-for-good',
      what: 'nobody may change records, and nobody mends that',
      must: 'borne',
      fits: () => true,
      before: ({ stage: { world } }) => void world.addFault({ service: 'route53', operation: 'ChangeResourceRecordSets', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied' } }),
    }]);
    expect(proof).toMatchObject({ end: 'stuck', ok: false, starts: 5 });
  });
});
