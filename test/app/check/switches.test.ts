import { describe, expect, it } from 'vitest';
import { TOKYO } from '../../engine/simulated.ts';
import { byCheck, byObject, groupAs, sharing, shownAs } from './examples.ts';
import { checkIn, shortly, worldOf } from './world.ts';

/* Traffic that is switched by health checks, or by an object that one watches. */

describe('the health check of an object', () => {
  it('watches the object, inverted: nothing is said', async () => {
    expect(shortly(await checkIn(await worldOf('shop', byObject))).filter((one) => !one.startsWith('note '))).toEqual([]);
  });

  it.each([
    ['is not inverted', { Inverted: false }, 'is not inverted'],
    ['watches an object of another bucket', { FullyQualifiedDomainName: `shop-other.s3.${TOKYO}.amazonaws.com` }, 'and not an object of shop-dr-tokyo'],
    ['watches the load balancer', { FullyQualifiedDomainName: 'shop.example.com', ResourcePath: '/' }, 'watches shop.example.com'],
  ])('%s: the object would move nobody', async (_what, config, said) => {
    const sim = await worldOf('shop', byObject);
    const { findings } = await checkIn(sim, { effects: { aws: shownAs(sim, 'hc-seoul', config) } });
    const own = findings.filter(({ rule }) => rule === 'object-check');
    expect(own.map(({ severity, resource }) => `${severity} ${resource}`)).toEqual(['error route53:healthcheck/hc-seoul']);
    expect(own[0]?.observed).toContain(said);
  });
});

it('a health check of the name of its own record watches whichever side that leads to', async () => {
  const sim = await worldOf('shop');
  const { findings } = await checkIn(sim, { effects: { aws: shownAs(sim, 'hc-tokyo', { FullyQualifiedDomainName: 'Shop.example.com' }) } });
  expect(findings.filter(({ rule }) => rule.startsWith('health-check-')).map(({ severity, rule, observed }) => [severity, rule, observed])).toEqual([
    ['warning', 'health-check-unseen', expect.stringMatching(/^the health check hc-tokyo of tokyo looks up shop\.example\.com/) as string],
    ['warning', 'health-check-own-name', 'the health check hc-tokyo of tokyo looks up shop.example.com, the name of its own record: it watches whichever side that leads to'],
  ]);
});

describe('a health check of another name of the zone', () => {
  const found = async (runbook?: (text: string) => string) => (await checkIn(sharing(await worldOf('shop', runbook)))).findings.filter(({ rule }) => rule === 'health-check-shared').map(({ severity, resource, observed }) => `${severity} ${resource} ${observed}`);

  it('would take that name out, too, where a run switches by it', async () => {
    expect(await found(byCheck)).toEqual(['warning route53:healthcheck/hc-seoul the health check hc-seoul is that of pay.example.com A too']);
    expect(await found()).toEqual([]);
  });
});

describe('a health check that cannot be switched', () => {
  const types = async (type: string, runbook?: (text: string) => string) => {
    const sim = await worldOf('shop', runbook);
    return (await checkIn(sim, { effects: { aws: shownAs(sim, 'hc-tokyo', { Type: type }) } })).findings.filter(({ rule }) => rule === 'health-check-type');
  };

  it.each([['RECOVERY_CONTROL', 'does not let anybody disable or invert'], ['TYPE_OF_TOMORROW', 'does not know whether']])('%s is found', async (type, said) => {
    const found = await types(type, byCheck);
    expect([...new Set(found.map(({ severity }) => severity))]).toEqual(['warning']);
    expect(found.map(({ resource }) => resource)).toContain('route53:healthcheck/hc-tokyo');
    expect(found[0]?.observed).toContain(said);
  });

  it('one that can be disabled and inverted is not, and where records are changed the type does not matter', async () => {
    expect([await types('CALCULATED', byCheck), await types('RECOVERY_CONTROL')]).toEqual([[], []]);
  });
});

describe('a group of which nobody sees beforehand whether it can launch', () => {
  const rulesOf = async (settings: object) => {
    const sim = await worldOf('shop');
    const { findings } = await checkIn(sim, { effects: { aws: groupAs(sim, settings) } });
    return findings.filter(({ rule }) => rule === 'launch-configuration' || rule === 'capacity-reservation').map(({ severity, rule, observed }) => [severity, rule, observed]);
  };

  it('launches from a launch configuration', async () => {
    expect(await rulesOf({ LaunchTemplate: undefined, LaunchConfigurationName: 'shop-api-2019' })).toEqual([['warning', 'launch-configuration', 'shop-api launches from the launch configuration shop-api-2019, at which nothing looks: whether its image, key pair, security groups and volumes are there is not known']]);
  });

  it('launches into capacity reservations only, and none is named', async () => {
    const only = (more: object = {}) => rulesOf({ CapacityReservationSpecification: { CapacityReservationPreference: 'capacity-reservations-only', ...more } });
    expect(await only()).toEqual([['warning', 'capacity-reservation', 'shop-api launches into capacity reservations only, any open one that fits: whether there is room in them is not known']]);
    expect(await only({ CapacityReservationTarget: { CapacityReservationResourceGroupArns: ['arn:aws:resource-groups:ap-northeast-1:111122223333:group/x'] } })).toEqual([['warning', 'capacity-reservation', 'shop-api launches into capacity reservations only, those of a resource group: whether there is room in them is not known']]);
    expect(await rulesOf({ CapacityReservationSpecification: { CapacityReservationPreference: 'default' } })).toEqual([]);
  });
});
