import type * as z from 'zod';
import { type HttpAssertion, httpAssertionSchema } from '../http-assertion.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { noCheck, refused, stepKind } from '../common.ts';
import { zonesOfName } from '../route53/sets.ts';
import { askStandby, drillAddress } from '../route53/twin-record.ts';

/* What the standby must answer, at the address of the drill's own record. One that does not hold fails the drill; one that cannot be asked is refused. */

function whyNot({ status, contains, headers }: HttpAssertion, got: { status: number; body: string; headers?: Readonly<Record<string, string>> | undefined }): string | undefined {
  if (status !== undefined && got.status !== status) return `the status is ${got.status}, not ${status}`;
  if (contains !== undefined && !got.body.includes(contains)) return `the answer (status ${got.status}) does not contain "${contains}"`;
  for (const [name, wanted] of Object.entries(headers ?? {})) {
    const is = got.headers?.[name.toLowerCase()];
    if (is !== wanted) return `the header ${name} is ${is === undefined ? 'not there' : `"${is}"`}, not "${wanted}"`;
  }
  return undefined;
}

const params = httpAssertionSchema.extend({ zones: zonesOfName });
type Params = z.infer<typeof params>;

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const host = new URL(p.http).hostname;
  const at = await drillAddress(ctx, p.zones, host);
  if (at === undefined) {
    return refused({
      rule: 'drill-assertion',
      observed: `${p.name} cannot be asked: no record of this drill leads to the standby for ${host}`,
      threshold: 'a name that `traffic` of the runbook leads to a region',
      consequence: 'nothing is known of what users would get after a failover',
      override: `none: correct \`http\` of the assertion ${p.name} in the runbook`,
    });
  }
  const got = await askStandby(ctx, p.http, at);
  if ('state' in got) return got;
  const wrong = whyNot(p, got);
  return wrong === undefined ? { state: 'reached', because: `${p.name} holds: ${at} answers with status ${got.status}` } : { state: 'impossible', because: `the assertion ${p.name} does not hold: of ${at} ${wrong}` };
}

export default stepKind<Params>({ params, check: noCheck, observe });
