import { describe, expect, it } from 'vitest';
import { lockedZone, zoneProblems } from '../../../src/kinds/route53/zone.ts';
import type { StepContext } from '../../../src/model/step.ts';
import type { Verb } from '../../../src/model/verb.ts';
import { RUN_FACTS, TOKYO } from '../context.ts';
import { awsError, fakeAws, NO_ANSWER, ZONE } from './fake.ts';

/* Whether Route 53 takes changes of a zone's records. */

const zoneOf = (more: object = {}) => ({ HostedZone: { Id: ZONE, Name: 'example.com.', ...more } });
const recovery = (AcceleratedRecoveryStatus: string) => zoneOf({ Features: { AcceleratedRecoveryStatus } });

function asked(zone: unknown, verb: Verb = 'failover') {
  const { aws, calls } = fakeAws({ GetHostedZone: zone });
  const ctx = { effects: { aws }, signal: new AbortController().signal, target: TOKYO, run: { ...RUN_FACTS, verb } } as unknown as StepContext;
  return { calls, locked: () => lockedZone(ctx, ZONE), problems: (changes = true) => zoneProblems(ctx, ZONE, changes) };
}

const takes = (status: string) => `the accelerated recovery of the zone ${ZONE} is ${status}: Route 53 takes no change of its records until that has ended`;

describe('a zone that is locked', () => {
  it.each([
    ['ENABLED', undefined],
    ['DISABLED', undefined],
    ['ENABLING_HOSTED_ZONE_LOCKED', takes('ENABLING_HOSTED_ZONE_LOCKED')],
    ['ENABLING', expect.stringMatching(/ is ENABLING.*: Route 53 may take no change of its records meanwhile$/)],
    ['NEWER_THAN_THIS', expect.stringMatching(/NEWER_THAN_THIS.*: Route 53 may take no change of its records meanwhile$/)],
  ])('%s', async (status, words) => {
    expect(await asked(recovery(status)).locked()).toEqual(words);
  });

  it('is not known to be one where nothing is said', async () => {
    expect(await asked(zoneOf()).locked()).toBeUndefined();
    expect(await asked(NO_ANSWER).locked()).toBeUndefined();
    expect(await asked(awsError('NoSuchHostedZone')).locked()).toBeUndefined();
    await expect(asked(new TypeError('broken')).locked()).rejects.toThrow('broken');
  });

  it('is asked for twice, shortly, where its partition has its Route 53', async () => {
    const { calls, locked } = asked(zoneOf());
    await locked();
    expect(calls).toMatchObject([{ region: 'us-east-1', timeoutMs: 2_000, attempts: 2, input: { Id: ZONE } }]);
  });

  it('is waited for by a planned move before it begins, and by a failover on its way', async () => {
    const status = 'ENABLING_HOSTED_ZONE_LOCKED';
    expect(await asked(recovery(status), 'switchover').problems()).toEqual({ warnings: [], refusal: { state: 'refused', refusal: {
      rule: 'zone-locked', observed: takes(status), threshold: 'a zone whose records can be changed', consequence: 'users could not be moved after the point of no return',
      override: `none: wait until it has ended (aws route53 get-hosted-zone --id ${ZONE}), then start again`,
    } } });
    for (const verb of ['failover', 'drill', 'reprotect'] as const) {
      expect(await asked(recovery(status), verb).problems()).toEqual({ warnings: [{
        rule: 'zone-locked', observed: `${takes(status)}; the run waits for it`, wanted: 'a zone that can be changed', mend: `aws route53 get-hosted-zone --id ${ZONE} shows when it has ended`,
        page: 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/accelerated-recovery.html',
      }] });
    }
  });
});

describe('a zone of another service', () => {
  it.each([{ ServicePrincipal: 'servicediscovery.amazonaws.com' }, { Description: 'servicediscovery.amazonaws.com' }])('is never changed: %o', async (LinkedService) => {
    expect(await asked(zoneOf({ LinkedService })).problems()).toEqual({ warnings: [], refusal: { state: 'refused', refusal: {
      rule: 'zone-managed', observed: `the zone ${ZONE} (example.com.) was made by servicediscovery.amazonaws.com`, threshold: 'a hosted zone that Route 53 lets its account change',
      consequence: 'Route 53 refuses every change of its records, after the point of no return', override: 'none: change it through the service that made it, in a custom step, or name the zone that users are led by',
    } } });
  });
});

it('nothing is asked where nothing is to change, and nothing stops what AWS does not tell', async () => {
  const { calls, problems } = asked(recovery('ENABLING_HOSTED_ZONE_LOCKED'), 'switchover');
  expect([await problems(false), calls]).toEqual([{ warnings: [] }, []]);
  for (const zone of [NO_ANSWER, awsError('NoSuchHostedZone'), zoneOf(), recovery('ENABLED')]) expect(await asked(zone, 'switchover').problems()).toEqual({ warnings: [] });
});
