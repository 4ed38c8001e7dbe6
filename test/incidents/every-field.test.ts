import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../src/aws/caller.ts';
import type { Acceptances } from '../../src/model/step.ts';
import { APPROVED, planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';

/*
 * Each field of each answer that a failover reads, one at a time and for the whole run: left out, empty, or another one, each in some of the
 * worlds. A run may end as it likes, but never by an error of the code itself or with two writers, and it succeeds only where users are served
 * by a region that takes writes.
 */

type Answer = Awaited<ReturnType<AwsCaller['call']>>;
type Change = (value: unknown) => unknown;
interface Field {
  operation: string;
  /** Keys that lead to it; `*` is every element of a list. */
  path: readonly string[];
}

const READS = /^(Describe|List|Get|Head)/;
const CHANGES: Readonly<Record<string, Change>> = {
  absent: () => undefined,
  empty: (value) => (Array.isArray(value) ? [] : typeof value === 'string' ? '' : typeof value === 'number' ? 0 : undefined),
  other: (value) => (typeof value === 'string' ? `other-${value}` : typeof value === 'number' ? value * 10 + 1 : typeof value === 'boolean' ? !value : value instanceof Date ? new Date(value.getTime() - 86_400_000) : []),
};

function fieldsIn(operation: string, value: unknown, path: readonly string[], found: Map<string, Field>): void {
  if (path.length > 0) found.set(`${operation} ${path.join('.')}`, { operation, path });
  if (Array.isArray(value)) for (const element of value) fieldsIn(operation, element, [...path, '*'], found);
  else if (typeof value === 'object' && value !== null && !(value instanceof Date)) for (const [key, inner] of Object.entries(value)) fieldsIn(operation, inner, [...path, key], found);
}

function changed(value: unknown, [key = '', ...rest]: readonly string[], change: Change): unknown {
  // The SDK gives no list with a hole in it.
  if (key === '*') return Array.isArray(value) ? value.map((element) => (rest.length === 0 ? change(element) : changed(element, rest, change))).filter((element) => element !== undefined) : value;
  if (typeof value !== 'object' || value === null || !(key in value)) return value;
  const inner = (value as Record<string, unknown>)[key];
  return { ...value, [key]: rest.length === 0 ? change(inner) : changed(inner, rest, change) };
}

function answers(sim: Simulation, laid: (operation: string, output: unknown) => unknown): void {
  const { aws } = sim.effects;
  const call = async (request: Parameters<AwsCaller['call']>[0]): Promise<Answer> => {
    const answer = await aws.call(request);
    return { ...(answer as object), output: laid(String(request.operation), (answer as { output: unknown }).output) } as Answer;
  };
  sim.effects = { ...sim.effects, aws: { call: call as unknown as AwsCaller['call'] } };
}

interface App {
  runbook: string;
  source: string;
  target: string;
  name: string;
}
const SHOP_APP: App = { runbook: 'shop', source: 'shop-orders', target: 'shop-orders-tokyo', name: 'shop.example.com' };
const ARCHIVE: App = { runbook: 'archive', source: 'archive-documents', target: 'archive-documents-tokyo', name: 'archive.example.com' };

interface World {
  app: App;
  /** How it ends with true answers. */
  outcome: string;
  breaks: (world: Simulation['world']) => void;
  said?: Partial<Acceptances>;
}
type Laid = (operation: string, output: unknown) => unknown;

/** How a failover ends that gets these answers: its outcome, and all that its steps say. */
async function failover({ app, breaks, said }: World, laid: Laid = (_, output) => output): Promise<{ sim: Simulation; outcome: string; says: string }> {
  const sim = await simulation({ path: fileURLToPath(new URL(`../../runbooks/${app.runbook}.yaml`, import.meta.url)) });
  answers(sim, laid);
  breaks(sim.world);
  await sim.clock.run(() => sim.clock.sleep(180_000));
  try {
    const { outcome, state } = await runPlan(sim, await planOf(sim, TOKYO), { acceptances: { ...APPROVED, ...said } });
    return { sim, outcome, says: JSON.stringify([...state.steps.values()].map(({ id, because, error, refusal }) => [id, because, error, refusal])) };
  } catch (error) {
    return { sim, outcome: 'no plan', says: String(error) };
  }
}

const DEFECT = /Cannot read|is not a function|is not iterable|TypeError|RangeError|Invalid time value/;
/** The source lives, and a person says that it does not. */
const SAID: Partial<Acceptances> = { sourceDown: 'alice', dataLossSeconds: 3_600, reason: 'decided' };
const WORLDS: Readonly<Record<string, World>> = {
  'the region is lost': { app: SHOP_APP, outcome: 'succeeded', breaks: (world) => world.breakRegion(SEOUL) },
  'the application is gone, and its database lives': { app: SHOP_APP, outcome: 'refused', breaks: (world) => world.setApplicationUp('127.0.0.2', false) },
  'the application is gone, its database lives, and a person says that the region is lost': { app: SHOP_APP, outcome: 'succeeded', breaks: (world) => world.setApplicationUp('127.0.0.2', false), said: SAID },
  'nothing is lost': { app: SHOP_APP, outcome: 'refused', breaks: () => undefined },
  'nothing is lost, and a person says that the region is': { app: SHOP_APP, outcome: 'succeeded', breaks: () => undefined, said: SAID },
  'the region of backups is lost': { app: ARCHIVE, outcome: 'succeeded', breaks: (world) => world.breakRegion(SEOUL) },
  'nothing is lost, and a person says that the region of backups is': { app: ARCHIVE, outcome: 'succeeded', breaks: () => undefined, said: SAID },
};

describe.each(Object.entries(WORLDS).map(([name, world], nth) => ({ name, world, nth })))('$name, and a failover gets answers', ({ world, nth }) => {
  const found = new Map<string, Field>();

  it('as they are', async () => {
    const { outcome } = await failover(world, (operation, output) => {
      if (READS.test(operation)) fieldsIn(operation, output, [], found);
      return output;
    });
    expect(outcome).toBe(world.outcome);
    expect(found.size).toBeGreaterThan(100);
  });

  it.each(Object.entries(CHANGES).map(([how, change], way) => ({ how, change, way })))('with every third field in turn $how', async ({ change, way }) => {
    expect(found.size).toBeGreaterThan(100);
    const wrong: string[] = [];
    for (const field of [...found.values()].filter((_, i) => (i + way + nth) % 3 === 0)) {
      const { sim, outcome, says } = await failover(world, (operation, output) => (operation === field.operation ? changed(output, field.path, change) : output));
      const { source, target, name } = world.app;
      const writes = (region: string, id: string) => sim.world.acceptsWrites({ region, id });
      const served = writes(TOKYO, target) && sim.world.resolve(name, 'A').values.join() === '127.0.0.3';
      const two = writes(TOKYO, target) && writes(SEOUL, source);
      const defect = DEFECT.exec(says)?.[0] ?? (two ? 'two writers' : outcome === 'succeeded' && !served ? 'users are not served' : undefined);
      if (defect !== undefined) wrong.push(`${field.operation} ${field.path.join('.')}: ${outcome}, ${defect}`);
    }
    expect(wrong).toEqual([]);
  });
});
