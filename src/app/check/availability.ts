import { AwsError } from '../../aws/errors.ts';
import type { Effects } from '../../effects/effects.ts';
import { knownKind } from '../../kinds/registry.ts';
import type { Sla } from '../../model/kind.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';

/*
 * What AWS's published agreements add up to. All of a region's parts must work; of two regions one. Three things make it an upper bound:
 * regions are taken to fail independently, a failover to take no time, and the application to add no trouble of its own.
 */

/** Percent of a month. */
export interface Availability {
  /** Of the source alone, and of both regions. */
  one: number;
  two: number;
  /** The parts of the source, the same once. */
  parts: readonly Sla[];
}

interface Asking {
  effects: Effects;
  loaded: LoadedRunbook;
  source: string;
  target: string;
  signal: AbortSignal;
}

/** Undefined where a part cannot be seen. */
export async function availabilityOf(asking: Asking): Promise<Availability | undefined> {
  const [here, there] = await Promise.all([slasIn(asking, asking.source), slasIn(asking, asking.target)]);
  if (here === undefined || there === undefined) return undefined;
  const shared = product(here.filter(({ global }) => global === true));
  const alone = (parts: readonly Sla[]): number => product(parts.filter(({ global }) => global !== true));
  return { one: percent(shared * alone(here)), two: percent(shared * (1 - (1 - alone(here)) * (1 - alone(there)))), parts: here };
}

async function slasIn({ effects, loaded, signal, target }: Asking, region: string): Promise<Sla[] | undefined> {
  try {
    const found = await Promise.all(loaded.runbook.resources.map(async ({ kind, resource }) => (await knownKind(kind)).slas?.({ effects, signal, target }, resource, region) ?? []));
    return [...new Map(found.flat().map((sla) => [sla.what, sla])).values()];
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

function product(parts: readonly Sla[]): number {
  return parts.reduce((all, sla) => all * (sla.percent / 100), 1);
}

/** Seven places: of two regions the difference to 100 is small. */
function percent(share: number): number {
  return Number((share * 100).toFixed(7));
}
