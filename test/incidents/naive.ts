import { AwsError, NO_ANSWER } from '../../src/aws/errors.ts';
import type { InputOf, OperationOf, OutputOf, Service } from '../../src/aws/operations.ts';
import { SEOUL, type Simulation, simulation, TOKYO } from '../engine/simulated.ts';

/*
 * What people script by hand: calls one after the other, against the same world in which the tool is tried.
 */

export const OLD = { region: SEOUL, id: 'shop-orders' };
export const REPLICA = { region: TOKYO, id: 'shop-orders-tokyo' };
export const ZONE = 'Z0123456789ABCDEFGHIJ';
export const NAME = 'shop.example.com';
export const SEOUL_ADDRESS = '127.0.0.2';
export const TOKYO_ADDRESS = '127.0.0.3';
export const MINUTE = 60_000;

/** A machine whose own network is the trouble: it reaches nothing of Seoul, and Seoul lives. */
export function cutOffFromSeoul(sim: Simulation): Simulation {
  const { aws, http } = sim.effects;
  const call = (request: Parameters<typeof aws.call>[0]) => {
    if (request.region !== SEOUL) return aws.call(request);
    const { service, region, operation } = request;
    return Promise.reject(new AwsError({ service, region, operation, code: NO_ANSWER, message: 'connect ETIMEDOUT' }));
  };
  const request: typeof http.request = async (r) => {
    const sample = await http.request(r);
    return sample.address === SEOUL_ADDRESS ? { ...sample, status: 0, body: '', error: 'connect ETIMEDOUT' } : sample;
  };
  return { ...sim, effects: { ...sim.effects, aws: { call: call as typeof aws.call }, http: { request } } };
}

export interface Naive extends Simulation {
  call<S extends Service, O extends OperationOf<S>>(service: S, region: string, operation: O, input: InputOf<S, O>): Promise<OutputOf<S, O>>;
  sleep(ms: number): Promise<void>;
  promote(): Promise<unknown>;
  answers(): readonly string[];
  /** HTTP status at an address; 0 when nothing answers. */
  status(address: string): number;
}

export async function naive(seen: (sim: Simulation) => Simulation = (sim) => sim): Promise<Naive> {
  const sim = seen(await simulation());
  const { clock, world } = sim;
  const call: Naive['call'] = async (service, region, operation, input) => {
    const answer = await clock.run(() => sim.effects.aws.call({ service, region, operation, input, attempts: 1 }));
    return answer.output;
  };
  return {
    ...sim,
    call,
    sleep: (ms) => clock.run(() => clock.sleep(ms)),
    promote: () => call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id }),
    answers: () => world.resolve(NAME, 'A').values,
    status: (address) => {
      const app = world.state.applications.at(address);
      return app === undefined ? 0 : world.state.applications.status(app, clock.now());
    },
  };
}

type Change = NonNullable<NonNullable<InputOf<'route53', 'ChangeResourceRecordSets'>['ChangeBatch']>['Changes']>[number];

/** A change of records as the script sends it. */
export function change(of: Naive, changes: Change[]): Promise<unknown> {
  return of.call('route53', 'us-east-1', 'ChangeResourceRecordSets', { HostedZoneId: ZONE, ChangeBatch: { Changes: changes } });
}

/** Both sets of the name, as Route 53 has them. */
export async function sets(of: Naive) {
  const { ResourceRecordSets: all = [] } = await of.call('route53', 'us-east-1', 'ListResourceRecordSets', { HostedZoneId: ZONE });
  const named = (id: string) => {
    const set = all.find((s) => s.SetIdentifier === id);
    if (set === undefined) throw new Error(`no set ${id}`);
    return set;
  };
  return { seoul: named('seoul'), tokyo: named('tokyo') };
}

/** The batch by which a script makes one side PRIMARY. */
export async function swapTo(of: Naive, to: 'seoul' | 'tokyo'): Promise<Change[]> {
  const both = await sets(of);
  const other = to === 'seoul' ? 'tokyo' : 'seoul';
  return [
    { Action: 'UPSERT', ResourceRecordSet: { ...both[to], Failover: 'PRIMARY' } },
    { Action: 'UPSERT', ResourceRecordSet: { ...both[other], Failover: 'SECONDARY' } },
  ];
}
