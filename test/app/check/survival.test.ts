import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SEOUL, TOKYO } from '../../engine/simulated.ts';
import { checkIn, worldOf } from './world.ts';

const survives = ({ findings }: Awaited<ReturnType<typeof checkIn>>): string[] => findings.filter(({ rule }) => rule.startsWith('survives-')).map(({ severity, rule, observed }) => `${severity} ${rule} ${observed}`);

/** A machine, and what it has in its environment. */
const machine = (env: Record<string, string>, folder: string) => ({ env, state: { folder }, resolvers: ['192.0.2.53'], vendor: '' });

describe('what is lost together with the active region', () => {
  it('nothing of the examples', async () => {
    for (const name of ['shop', 'archive', 'billing', 'active-active']) expect(survives(await checkIn(await worldOf(name)))).toEqual([]);
  });

  it('the bucket with the runs: no run gets its lock', async () => {
    const sim = await worldOf('shop');
    sim.world.addBucket({ region: SEOUL, name: 'dr-runs' });
    const folder = await mkdtemp(join(tmpdir(), 'dr-check-'));
    const seen = survives(await checkIn(sim, { state: { folder, s3: `s3://dr-runs/x?region=${SEOUL}` } }));
    expect(seen).toEqual([expect.stringContaining(`error survives-state s3://dr-runs/x?region=${SEOUL}: the bucket is in ${SEOUL}: no run gets its lock there`)]);
  });

  it('the machine that runs dr', async () => {
    const surroundings = machine({ AWS_LAMBDA_FUNCTION_NAME: 'dr', AWS_REGION: SEOUL, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' }, '/tmp');
    expect(survives(await checkIn(await worldOf('shop'), { surroundings }))).toEqual([`error survives-machine this machine: it runs in ${SEOUL}`]);
  });

  it('a program of the runbook, of which nobody knows what it calls: a note', async () => {
    const sim = await worldOf('shop', (text) => `${text}\nsteps:\n  cache:\n    kind: command\n    after: data\n    run: [/bin/true]\n    limit: 1m\n`);
    expect(survives(await checkIn(sim))).toEqual([expect.stringContaining('note survives-plan')]);
  });

  it('only a channel that stands outside tells', async () => {
    const sim = await worldOf('shop', (text) => text.replace(/ {2}- sns:\n(?: {6}.*\n)+/, ''));
    expect(survives(await checkIn(sim))).toEqual([expect.stringContaining(`note survives-notify`)]);
    expect((await checkIn(sim)).ways).toMatchObject([{ source: SEOUL, target: TOKYO }]);
  });
});
