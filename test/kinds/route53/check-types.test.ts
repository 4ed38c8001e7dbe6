import { describe, expect, it } from 'vitest';
import type { HealthCheckState } from '../../../src/aws/route53.ts';
import { blindTo, notSwitchable, routingControls } from '../../../src/kinds/route53/check-types.ts';
import type { StepContext } from '../../../src/model/step.ts';

/* What a health check of a type can do for a switch, and what it says of an endpoint. */

const state = (type: string, more: Partial<HealthCheckState> = {}): HealthCheckState => ({ type, version: 1, disabled: false, inverted: false, watches: '', looksUp: undefined, failsAfterSeconds: undefined, intervalSeconds: undefined, failureThreshold: undefined, ...more });
const ENDPOINTS = ['HTTP', 'HTTPS', 'HTTP_STR_MATCH', 'HTTPS_STR_MATCH', 'TCP'];

describe('a switch by UpdateHealthCheck', () => {
  it.each([...ENDPOINTS, 'CLOUDWATCH_METRIC', 'CALCULATED'])('can be made of %s', (type) => {
    expect(notSwitchable(state(type))).toBeUndefined();
  });

  it.each([
    ['RECOVERY_CONTROL', 'is of the type RECOVERY_CONTROL, which Route 53 does not let anybody disable or invert', 'set the state of its routing control (aws route53-recovery-cluster update-routing-control-state), or set `switch: record`'],
    ['QUANTUM', 'is of the type QUANTUM, of which dr does not know whether it can be disabled and inverted', 'use a health check of an endpoint, an alarm or other checks, or set `switch: record`'],
  ])('cannot be made of %s', (type, observed, instead) => {
    expect(notSwitchable(state(type))).toEqual({ observed, instead });
  });
});

it.each([
  ...ENDPOINTS.map((type) => [type, {}, undefined] as const),
  ['HTTP', { disabled: true }, 'is disabled: nobody checks its endpoint'],
  ['HTTP', { disabled: true, inverted: true }, 'is disabled: nobody checks its endpoint'],
  ['TCP', { inverted: true }, 'is inverted: it fails while all is well, so that it watches something else'],
  ['CALCULATED', { disabled: true }, 'is of the type CALCULATED, and watches no endpoint'],
  ['HTTPS', { looksUp: 'tokyo.shop.example.com' }, undefined],
  ['HTTPS', { looksUp: 'Shop.Example.com' }, 'looks up shop.example.com, the name of its own record: it watches whichever side that leads to'],
] as const)('what %s %o says of the endpoint', (type, more, why) => {
  expect(blindTo(state(type, more), 'shop.example.com.')).toBe(why);
});

describe('an ARC routing control', () => {
  const ctx = (...kinds: string[]) => ({ planned: kinds.map((kind) => ({ kind })) }) as unknown as Pick<StepContext, 'planned'>;
  const [one, two] = ['a', 'b'].map((set) => ({ id: `hc-${set}`, set, state: state('RECOVERY_CONTROL') }));
  const towards = [one, two, { id: 'hc-c', set: 'c', state: state('HTTP') }].filter((check) => check !== undefined);
  const words = (set: string) => `the health check hc-${set} of ${set} is an ARC routing control: Route 53 answers with ${set} only while that is On, which dr neither sees nor changes`;
  const turn = 'turn the routing control of the target On, and that of the source Off, in a custom step before traffic: aws route53-recovery-cluster update-routing-control-states --endpoint-url …';
  const refused = { warnings: [], refusal: { state: 'refused', refusal: {
    rule: 'health-check', observed: `${words('a')}; ${words('b')}`, threshold: 'a health check that dr can read, or a custom step that turns the routing control',
    consequence: 'Route 53 would continue to send users to the other side', override: `none: ${turn}`,
  } } };
  const warned = { warnings: [{
    rule: 'routing-control', observed: `${words('a')}; ${words('b')}`, mend: turn, wanted: 'a custom step that turns it On before users are moved',
    page: 'https://docs.aws.amazon.com/r53recovery/latest/dg/routing-control.html',
  }] };

  it('that is surely Off, and that no step turns, is refused', () => {
    expect(routingControls(ctx('rds-read-replica.promote', 'run.approval'), true, towards)).toEqual(refused);
    expect(routingControls({}, true, towards)).toEqual(refused);
  });

  it('that a custom step may turn, or that may be On, is warned of', () => {
    expect(routingControls(ctx('run.approval', 'own.command'), true, towards)).toEqual(warned);
    expect(routingControls({}, false, towards)).toEqual(warned);
  });

  it('is none of the others', () => {
    expect(routingControls({}, true, towards.slice(2))).toEqual({ warnings: [] });
  });
});
