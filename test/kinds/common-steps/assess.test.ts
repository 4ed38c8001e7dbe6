import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Json } from '../../../src/base/json.ts';
import type { HttpRequest, HttpSample } from '../../../src/effects/effects.ts';
import { judgeSource, signalSchema, type Signal } from '../../../src/model/signals.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { SEOUL, stepOf } from '../context.ts';

const probe = (name: string, more: object = {}) => ({ name, http: `http://${name}.example.com/`, status: 200, everyMs: 1000, holdMs: 5000, ...more });

/** Answers of a site by host; each in turn, the last again and again. */
function site(clock: VirtualClock, answers: Record<string, number[]>) {
  const asked: string[] = [];
  const request = async ({ url }: { url: string }): Promise<HttpSample> => {
    const host = new URL(url).hostname.split('.')[0] ?? '';
    asked.push(host);
    await clock.sleep(10);
    const list = answers[host] ?? [];
    const status = (list.length > 1 ? list.shift() : list[0]) ?? 0;
    return { status, body: 'hello', address: '127.0.0.2', ms: 10, ...(status === 0 ? { error: 'ECONNREFUSED' } : {}) };
  };
  return { asked, http: { request } };
}

async function users(answers: Record<string, number[]>, probes = Object.keys(answers).map((name) => probe(name))) {
  const clock = new VirtualClock();
  const { asked, http } = site(clock, answers);
  const step = await stepOf('run.assess-users', { probes }, { clock, effects: { http } });
  const seen = await step.observe();
  return { seen, asked, signal: signalSchema.safeParse(step.recorded['signal.users']).data, step };
}

describe('run.assess-users', () => {
  it('says up from one good answer, without asking twice', async () => {
    const { signal, asked, seen } = await users({ home: [200] });
    expect(signal).toMatchObject({ vantage: 'users', says: 'up' });
    expect(asked).toEqual(['home']);
    expect(seen).toEqual({ state: 'reached', says: 'up', because: 'up: home: status 200 from 127.0.0.2 in 10 ms' });
  });

  it('says down only after two bad answers, and says whom it waited for', async () => {
    const { signal, asked, step } = await users({ home: [503, 0] });
    expect(signal).toEqual({ vantage: 'users', says: 'down', because: 'home: no answer from 127.0.0.2: ECONNREFUSED' });
    expect(asked).toEqual(['home', 'home']);
    expect(new Set(step.waits().map((w) => w.cause))).toEqual(new Set(['users']));
  });

  it('one bad answer may be chance', async () => {
    expect((await users({ home: [0, 200] })).signal?.says).toBe('up');
  });

  it('says down when every probe does; a part that works may be a cached page', async () => {
    expect((await users({ home: [503], cart: [503] })).signal?.says).toBe('down');
    const { signal } = await users({ home: [200], cart: [503] });
    expect(signal?.says).toBe('up');
    expect(signal?.because).toContain('cart: status 503 from 127.0.0.2, expected 200');
  });

  it('judges status and body as the runbook wants them', async () => {
    expect((await users({ home: [404] }, [probe('home', { status: 404 })])).signal?.says).toBe('up');
    expect((await users({ home: [200] }, [probe('home', { body: 'goodbye' })])).signal).toMatchObject({ says: 'down', because: expect.stringContaining('does not contain the expected text') as string });
    expect((await users({ home: [200] }, [probe('home', { body: 'hell' })])).signal?.says).toBe('up');
  });

  it('knows nothing without probes: unknown, never up', async () => {
    expect((await users({}, [])).signal).toEqual({ vantage: 'users', says: 'unknown', because: 'the runbook has no probe' });
  });
});

describe('run.assess-users, where the name leads elsewhere', () => {
  const SOURCE = '127.0.0.2';

  /** A name that leads to `leads`; what each address answers. */
  async function usersOf(leads: string, status: Record<string, number>, at: { answers?: Json; zones?: Json; facts?: Record<string, Json>; names?: Record<string, string[]> } = {}) {
    const clock = new VirtualClock();
    const asked: (string | undefined)[] = [];
    const request = (r: HttpRequest): Promise<HttpSample> => {
      asked.push(r.at);
      const address = r.at ?? leads;
      return Promise.resolve({ status: status[address] ?? 0, body: 'ok', address, ms: 1 });
    };
    const dns = { resolve: (name: string, type: string) => Promise.resolve({ values: (type === 'A' ? at.names?.[name] : undefined) ?? [], ttl: 60 }) };
    const step = await stepOf('run.assess-users', { probes: [probe('home')], ...(at.answers === undefined ? {} : { answers: at.answers }), ...(at.zones === undefined ? {} : { zones: at.zones }) }, { clock, effects: { http: { request }, dns }, ...(at.facts === undefined ? {} : { facts: at.facts }) });
    await step.observe();
    return { signal: signalSchema.safeParse(step.recorded['signal.users']).data, asked };
  }
  const said = { 'home.example.com': [{ values: [SOURCE], ttl: 60 }] };

  it('a good answer of another region says nothing of the source: it is asked where it answers', async () => {
    expect(await usersOf('127.0.0.3', { '127.0.0.3': 200 }, { answers: said })).toEqual({
      signal: { vantage: 'users', says: 'down', because: 'home: no answer from 127.0.0.2: no reason given, where the source answers (the name leads to 127.0.0.3)' },
      asked: [undefined, SOURCE, undefined, SOURCE],
    });
    expect((await usersOf('127.0.0.3', { '127.0.0.3': 200, [SOURCE]: 200 }, { answers: said })).signal).toMatchObject({ says: 'up', atSource: true });
  });

  it('nor does a bad one of another region: the standby says 503, and the source serves', async () => {
    expect(await usersOf('127.0.0.3', { '127.0.0.3': 503, [SOURCE]: 200 }, { answers: said })).toMatchObject({ signal: { says: 'up', atSource: true }, asked: [undefined, SOURCE] });
  });

  it('its own answer is enough', async () => {
    expect(await usersOf(SOURCE, { [SOURCE]: 200 }, { answers: said })).toMatchObject({ signal: { says: 'up', atSource: true }, asked: [undefined] });
    expect(await usersOf(SOURCE, { [SOURCE]: 503 }, { answers: said })).toMatchObject({ signal: { says: 'down' }, asked: [undefined, undefined] });
  });

  it('a CNAME is asked where it leads', async () => {
    const cname = { 'home.example.com': [{ values: ['lb.seoul.example.com'], ttl: 60 }] };
    const names = { 'lb.seoul.example.com': [SOURCE] };
    expect(await usersOf(SOURCE, { [SOURCE]: 200 }, { answers: cname, names })).toMatchObject({ signal: { says: 'up', atSource: true }, asked: [undefined] });
    expect((await usersOf('127.0.0.3', { '127.0.0.3': 200 }, { answers: cname, names })).asked).toEqual([undefined, SOURCE, undefined, SOURCE]);
    // It does not resolve: nothing is known, and no name is taken for an address.
    expect((await usersOf('127.0.0.3', { '127.0.0.3': 200 }, { answers: cname })).asked).toEqual([undefined]);
  });

  it('where it answers is said by the runbook, by an alias, or was found out by the look at its records', async () => {
    const alias = { 'home.example.com': [{ alias: { zone: 'Z0123456789ABCDEFGHIJ', name: 'lb.seoul.example.com' } }] };
    const elsewhere = { '127.0.0.3': 200 };
    expect((await usersOf('127.0.0.3', elsewhere, { answers: alias, names: { 'lb.seoul.example.com': [SOURCE] } })).signal?.says).toBe('down');
    expect((await usersOf('127.0.0.3', elsewhere, { zones: { 'home.example.com': ['Z0PUBLIC'] }, facts: { 'source.answers.Z0PUBLIC.A.home.example.com': [SOURCE] } })).signal?.says).toBe('down');
    // Of two zones of one name each has its own: one that this machine does not see says nothing.
    const zones = { 'home.example.com': ['Z0PRIVATE', 'Z0PUBLIC'] };
    const facts = { 'source.answers.Z0PUBLIC.A.home.example.com': [SOURCE], 'source.answers.Z0PRIVATE.A.home.example.com': ['10.0.0.2'] };
    expect((await usersOf(SOURCE, { [SOURCE]: 200 }, { zones, facts })).signal).toMatchObject({ says: 'up', atSource: true });
    expect((await usersOf('127.0.0.3', { ...elsewhere, [SOURCE]: 200 }, { zones, facts })).signal).toMatchObject({ says: 'up', atSource: true });
    expect((await usersOf('127.0.0.3', elsewhere, { zones, facts })).signal?.says).toBe('down');
    const [answer] = said['home.example.com'];
    expect((await usersOf('127.0.0.3', { ...elsewhere, [SOURCE]: 200 }, { answers: { 'home.example.com': [{ values: ['10.0.0.2'], ttl: 60 }, answer as Json] } })).signal).toMatchObject({ says: 'up', atSource: true });
    // A zone of which nothing was found out says nothing.
    expect((await usersOf('127.0.0.3', elsewhere, { zones })).asked).toEqual([undefined]);
    // Not known: then it counts.
    expect((await usersOf('127.0.0.3', elsewhere, { answers: alias })).signal?.says).toBe('up');
    expect((await usersOf('127.0.0.3', elsewhere)).signal).toEqual({ vantage: 'users', says: 'up', because: 'home: status 200 from 127.0.0.3 in 1 ms' });
  });
});

describe('run.assess-users, where the runbook and the records both say where the source answers', () => {
  const [SOURCE, SECOND] = ['127.0.0.2', '127.0.0.4'];
  async function asked(found: string[], leads: string | undefined) {
    const at: (string | undefined)[] = [];
    const request = (one: HttpRequest): Promise<HttpSample> => (at.push(one.at), Promise.resolve({ status: 200, body: 'ok', address: one.at ?? leads, ms: 1 }));
    const params = { probes: [probe('home')], answers: { 'home.example.com': [{ values: [SOURCE], ttl: 60 }] }, zones: { 'home.example.com': ['Z0PUBLIC'] } };
    const step = await stepOf('run.assess-users', params, { effects: { http: { request } }, facts: { 'source.answers.Z0PUBLIC.A.home.example.com': found } });
    await step.observe();
    return { at, signal: step.recorded['signal.users'] };
  }

  it('the same place is asked once, and another one too', async () => {
    expect((await asked([SOURCE], '127.0.0.3')).at).toEqual([undefined, SOURCE]);
    expect((await asked([SECOND], '127.0.0.3')).at).toEqual([undefined, SOURCE, SECOND]);
  });

  it('every address of either is the source', async () => {
    expect(await asked([SOURCE, SECOND], SECOND)).toMatchObject({ at: [undefined], signal: { says: 'up', atSource: true } });
  });
});

describe('run.assess-users, where a name does not resolve from this machine', () => {
  async function seen(resolves: Record<string, boolean>, answers: Json = {}) {
    const at: (string | undefined)[] = [];
    const request = ({ url, at: place }: HttpRequest): Promise<HttpSample> => {
      at.push(place);
      const up = resolves[new URL(url).hostname.split('.')[0] ?? ''] === true;
      return Promise.resolve(up ? { status: 503, body: '', address: '127.0.0.3', ms: 1 } : { status: 0, body: '', address: undefined, ms: 1, error: 'ENOTFOUND' });
    };
    const step = await stepOf('run.assess-users', { probes: Object.keys(resolves).map((name) => probe(name)), answers }, { effects: { http: { request } } });
    await step.observe();
    return { at, recorded: step.recorded };
  }

  it('nothing is known of what users get, not even by asking where the source answers', async () => {
    const { at, recorded } = await seen({ home: false, cart: false }, { 'home.example.com': [{ values: ['127.0.0.2'], ttl: 60 }] });
    expect(recorded).toEqual({
      'signal.users': { vantage: 'users', says: 'unknown', because: 'no probed name resolves from this machine, so what users get is not seen from here: home: no answer: ENOTFOUND; cart: no answer: ENOTFOUND' },
      'probe.unseen.home': true, 'probe.unseen.cart': true,
    });
    expect(at).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('one that resolves is enough to see it', async () => {
    expect((await seen({ home: false, cart: true })).recorded).toMatchObject({ 'signal.users': { says: 'down' }, 'probe.unseen.home': true, 'probe.unseen.cart': false });
  });
});

const VANTAGES = ['users', 'source-api', 'replication', 'health-checkers'] as const;
const signal = (vantage: Signal['vantage'], says: Signal['says']): Signal => ({ vantage, says, because: 'seen' });

describe('judgeSource', () => {
  it('two vantages that say down make the source down', () => {
    expect(judgeSource([signal('users', 'down'), signal('replication', 'down')], undefined)).toEqual({
      verdict: 'source-down',
      because: '2 independent signals say down. users: down (seen); replication: down (seen)',
      weighed: { short: '2 independent signals say down', signals: ['users: down (seen)', 'replication: down (seen)'] },
    });
  });

  it('two signals of one vantage are one', () => {
    expect(judgeSource([signal('users', 'down'), signal('users', 'down')], undefined).verdict).toBe('not-down');
    expect(judgeSource([signal('source-api', 'down'), signal('source-api', 'down'), signal('users', 'up')], undefined).verdict).toBe('not-down');
  });

  it('no signals are no outage', () => {
    expect(judgeSource([], undefined)).toMatchObject({ verdict: 'not-down', because: '0 of at least 2 independent signals say down. no signal was seen' });
  });

  it('a named person attests what signals do not say, and is named', () => {
    expect(judgeSource([signal('users', 'up')], 'alice')).toMatchObject({ verdict: 'attested', because: 'attested by alice. users: up (seen)' });
    expect(judgeSource([signal('users', 'down'), signal('replication', 'down')], 'alice').verdict).toBe('source-down');
  });

  const both = (a: Signal['vantage'], b: Signal['vantage'], ...rest: Signal[]) => judgeSource([signal(a, 'down'), signal(b, 'down'), ...rest], undefined);

  it.each(['up', 'unknown'] as const)('trouble of RDS alone, or a cut between the regions, is no outage: users say %s, and checkers nothing', (says) => {
    const rest = [signal('users', says), signal('health-checkers', 'unknown')];
    expect(both('source-api', 'replication', ...rest)).toMatchObject({
      verdict: 'not-down',
      because: expect.stringMatching(/^neither users nor Route 53's checkers see it down: trouble of RDS alone, or of the link between the regions, looks the same\. /) as string,
    });
    expect(judgeSource([signal('source-api', 'down'), signal('replication', 'down'), ...rest], 'lead').verdict).toBe('attested');
  });

  it('it is not down while checkers reach it, whatever this machine and replication see', () => {
    expect(both('users', 'source-api', signal('replication', 'down'), signal('health-checkers', 'up'))).toMatchObject({
      verdict: 'not-down',
      because: expect.stringMatching(/^Route 53's checkers reach it: where it was lost a moment ago, they see it within a minute \(dr resume\)\. /) as string,
    });
  });

  it('is not down while it serves users itself, whatever checkers say: they may be locked out', () => {
    const own: Signal = { ...signal('users', 'up'), atSource: true };
    expect(both('source-api', 'health-checkers', own)).toMatchObject({ verdict: 'not-down', because: expect.stringMatching(/^the source itself serves users\. /) as string });
    expect(both('source-api', 'health-checkers', { ...own, atSource: false }).verdict).toBe('source-down');
    expect(both('replication', 'health-checkers', { ...own, says: 'down' }).verdict).toBe('source-down');
  });

  it('a vantage that says both is not down: no region is lost by halves', () => {
    for (const vantage of ['users', 'replication'] as const) expect(both('users', 'replication', signal(vantage, 'up'))).toMatchObject({ verdict: 'not-down', because: expect.stringMatching(/^1 of at least 2 independent/) as string });
    expect(both('users', 'replication', signal('source-api', 'up')).verdict).toBe('source-down');
    expect(both('replication', 'health-checkers', signal('health-checkers', 'up'), signal('users', 'down')).verdict).toBe('not-down');
  });

  it.each(['up', 'unknown'] as const)('a machine that is cut off sees a region that is lost: replication says %s', (says) => {
    expect(both('users', 'source-api', signal('replication', says), signal('health-checkers', 'unknown'))).toMatchObject({
      verdict: 'not-down',
      because: expect.stringMatching(/^only this machine sees it down, and its own network may be the trouble: what others see changes within three minutes \(dr resume\)\. /) as string,
    });
  });

  describe('a copy that receives from the source shows that it lives', () => {
    const receiving: Signal = { ...signal('replication', 'up'), receiving: true };
    const silent: Signal = { ...signal('source-api', 'down'), silent: true };

    it('where its API is silent or unclear only a named person may say that it is down', () => {
      for (const api of [[silent], [signal('source-api', 'unknown')], []]) {
        const signals = [...api, signal('users', 'down'), signal('health-checkers', 'down'), receiving];
        expect(judgeSource(signals, undefined)).toMatchObject({
          verdict: 'not-down',
          because: expect.stringMatching(/^a replica still receives from the source, .* within three minutes \(dr resume\)\. /) as string,
        });
        expect(judgeSource(signals, 'alice').verdict).toBe('attested');
      }
    });

    it('of two databases one is enough, and the fence decides where the API answers for all', () => {
      const down = [signal('users', 'down'), signal('health-checkers', 'down'), receiving];
      expect(judgeSource([...down, silent, signal('source-api', 'up')], undefined).verdict).toBe('not-down');
      expect(judgeSource([...down, signal('source-api', 'up')], undefined).verdict).toBe('source-down');
      expect(judgeSource([...down, signal('source-api', 'down')], undefined).verdict).toBe('source-down');
      expect(judgeSource([...down.slice(0, 2), signal('replication', 'up'), silent], undefined).verdict).toBe('source-down');
    });

    it('backups show it by what was written after the impact', () => {
      const signals = [silent, signal('users', 'down'), signal('health-checkers', 'down'), { ...signal('replication', 'up'), livedAt: 1_000 }];
      expect(judgeSource(signals, undefined, 999)).toMatchObject({ verdict: 'not-down', because: expect.stringMatching(/written after the impact have arrived/) as string });
      expect(judgeSource(signals, undefined, 1_000).verdict).toBe('source-down');
      expect(judgeSource(signals, undefined).verdict).toBe('source-down');
    });
  });

  it('is not known to be down where nobody could ask whether anything still arrives from it, unless its API answers for all', () => {
    const down = [signal('users', 'down'), signal('health-checkers', 'down')];
    const unasked: Signal = { ...signal('replication', 'unknown'), notAsked: true };
    for (const apis of [[], [{ ...signal('source-api', 'down'), silent: true }], [signal('source-api', 'unknown')], [signal('source-api', 'up'), signal('source-api', 'unknown')]]) {
      const signals = [...down, ...apis, unasked];
      expect(judgeSource(signals, undefined)).toMatchObject({ verdict: 'not-down', because: expect.stringMatching(/^whether anything still arrives from the source could not be asked \(dr resume asks again\)\. /) as string });
      expect(judgeSource(signals, 'alice')).toMatchObject({ verdict: 'attested' });
      // What AWS does say, and means nothing, is another thing.
      expect(judgeSource([...down, ...apis, signal('replication', 'unknown')], undefined).verdict).toBe('source-down');
    }
    expect(judgeSource([...down, signal('source-api', 'up'), unasked], undefined).verdict).toBe('source-down');
  });

  it('users may be served by the other side already: checkers decide', () => {
    expect(both('source-api', 'health-checkers', signal('users', 'up')).verdict).toBe('source-down');
    expect(both('replication', 'health-checkers', signal('users', 'up')).verdict).toBe('source-down');
  });

  it('of all sets of vantages that say down, only those with two, a user\'s view and another place make an outage', () => {
    const any = fc.record({ vantage: fc.constantFrom(...VANTAGES), says: fc.constantFrom('down' as const, 'up' as const, 'unknown' as const), because: fc.string() });
    const PAIRS = [['users', 'replication'], ['users', 'health-checkers'], ['source-api', 'health-checkers'], ['replication', 'health-checkers']] as const;
    fc.assert(
      fc.property(fc.array(any, { maxLength: 12 }), (signals) => {
        const says = (vantage: Signal['vantage'], what: Signal['says']) => signals.some((s) => s.vantage === vantage && s.says === what);
        const down = new Set(VANTAGES.filter((v) => says(v, 'down') && !says(v, 'up')));
        const enough = !says('health-checkers', 'up') && PAIRS.some((pair) => pair.every((vantage) => down.has(vantage)));
        expect(judgeSource(signals, undefined).verdict).toBe(enough ? 'source-down' : 'not-down');
      }),
    );
  });
});

describe('run.judge-source', () => {
  const PARAMS = { region: SEOUL, signals: ['users', 'rds-api.orders', 'replication.orders'] };
  const facts = (...signals: [string, Signal][]) => Object.fromEntries(signals.map(([name, s]) => [`signal.${name}`, { ...s }]));

  it('opens, and records its verdict', async () => {
    const step = await stepOf('run.judge-source', PARAMS, { facts: facts(['users', signal('users', 'down')], ['replication.orders', signal('replication', 'down')]) });
    expect(await step.observe()).toEqual({ state: 'reached', because: '2 independent signals say down. users: down (seen); replication: down (seen)' });
    expect(step.recorded['source.verdict']).toMatchObject({ verdict: 'source-down' });
  });

  it('refuses a healthy source, with every part said', async () => {
    const step = await stepOf('run.judge-source', PARAMS, { facts: facts(['users', signal('users', 'down')], ['rds-api.orders', signal('source-api', 'up')]) });
    expect(await step.observe()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'source-down',
        observed: '1 of at least 2 independent signals say down. users: down (seen); source-api: up (seen)',
        threshold: 'two independent signals that the source region is down',
        consequence: 'a failover away from ap-northeast-2 while it works splits the data: both sides may take writes',
        override: '--attest-source-down NAME --reason "who has seen it, and how"',
      },
    });
    expect(step.recorded['source.verdict']).toMatchObject({ verdict: 'not-down' });
  });

  it('weighs only the signals of its plan, and none that is not one', async () => {
    const step = await stepOf('run.judge-source', PARAMS, {
      facts: { ...facts(['users', signal('users', 'down')], ['other', signal('replication', 'down')]), 'signal.rds-api.orders': { says: 'down' } },
    });
    expect((await step.observe()).state).toBe('refused');
  });

  it('records what speaks against a word, and a refusal shows it', async () => {
    const served: Signal = { ...signal('users', 'up'), atSource: true };
    const at = { facts: facts(['users', served], ['replication.orders', { ...signal('replication', 'up'), receiving: true }]) };
    const refused = await stepOf('run.judge-source', PARAMS, at);
    expect(await refused.observe()).toMatchObject({ state: 'refused' });
    expect(refused.recorded).toMatchObject({ 'sign-shown.served': true, 'sign-shown.receives': true });
    const attested = await stepOf('run.judge-source', PARAMS, { ...at, acceptances: { sourceDown: 'alice' } });
    expect(await attested.observe()).toMatchObject({ state: 'reached' });
    expect(attested.recorded).toMatchObject({ 'source.verdict': { verdict: 'attested', signs: ['served', 'receives'] } });
    expect(Object.keys(attested.recorded).filter((key) => key.startsWith('sign-shown'))).toEqual([]);
  });

  it('records when it saw the source live, and when it first saw it down, and neither where nothing says so', async () => {
    const seen = async (...signals: [string, Signal][]) => {
      const step = await stepOf('run.judge-source', PARAMS, { facts: facts(...signals) });
      await step.observe();
      const { 'source.verdict': _, ...rest } = step.recorded;
      return [rest, step.clock.now()];
    };
    const [alive, at] = await seen(['users', signal('users', 'unknown')], ['rds-api.orders', signal('source-api', 'up')]);
    expect(alive).toEqual({ 'source.seen-alive': at });
    const [down, then] = await seen(['users', signal('users', 'down')], ['replication.orders', signal('replication', 'unknown')]);
    expect(down).toEqual({ 'source.seen-down': then });
    expect((await seen(['users', signal('users', 'unknown')], ['replication.orders', signal('replication', 'up')]))[0]).toEqual({});
  });

  it('takes what arrived after it first saw the outage for a sign of life, where neither a probe nor a person says when it began', async () => {
    const down = (vantage: Signal['vantage'], more: object = {}) => ({ ...signal(vantage, 'down'), ...more }) as Json;
    const facts = (livedAt: number) => ({ 'signal.a': down('source-api', { silent: true }), 'signal.b': down('health-checkers'), 'signal.c': { ...signal('replication', 'up'), livedAt } as Json });
    const params = { region: SEOUL, signals: ['a', 'b', 'c'] };
    const first = await stepOf('run.judge-source', params, { facts: facts(1) });
    expect(await first.observe()).toMatchObject({ state: 'reached' });
    const seenDownAt = first.recorded['source.seen-down'] as number;
    const again = (livedAt: number) => stepOf('run.judge-source', params, { facts: { ...facts(livedAt), 'source.seen-down': seenDownAt } });
    expect(await (await again(seenDownAt)).observe()).toMatchObject({ state: 'reached' });
    expect(await (await again(seenDownAt + 1)).observe()).toMatchObject({ state: 'refused', refusal: { observed: expect.stringContaining('what was written after the impact') as string } });
    const probed = await stepOf('run.judge-source', params, { facts: facts(1), impactAt: 2 });
    await probed.observe();
    expect(probed.recorded).not.toHaveProperty('source.seen-down');
  });

  it('opens by attestation', async () => {
    const step = await stepOf('run.judge-source', PARAMS, { acceptances: { sourceDown: 'alice' } });
    expect(await step.observe()).toMatchObject({ state: 'reached', because: 'attested by alice. no signal was seen' });
  });

  it('takes no parameters but its own', async () => {
    await expect(stepOf('run.judge-source', { ...PARAMS, region: '../x' })).rejects.toThrow(z.ZodError);
  });
});
