import { findDbInstance } from '../../aws/rds.ts';
import { inRegion } from '../common.ts';
import { peek } from '../inspect.ts';
import type { Finding } from '../../model/finding.ts';
import type { InspectContext } from '../../model/kind.ts';
import { parityFindings } from './parity.ts';
import { aboutSide, goneFinding, writerFindings } from './sides.ts';

/** Each side serves, and could serve as the other does: whichever is lost, the others carry its users. */
export async function inspectWriters(ctx: InspectContext, name: string, db: { instances: Readonly<Record<string, string>> }): Promise<Finding[]> {
  const sides = [ctx.target, ctx.source].map((region) => ({ name, region, id: inRegion(db.instances, region) }));
  const seen = await Promise.all(sides.map(async (side) => ({ side, ...(await peek(aboutSide(side), () => findDbInstance(ctx.effects.aws, side.region, side.id, { signal: ctx.signal }))) })));
  const own = seen.flatMap(({ side, value, findings }) => (value === undefined ? (findings.length > 0 ? findings : [goneFinding(side)]) : writerFindings(side, value, undefined)));
  const [here, there] = seen;
  if (here?.value === undefined || there?.value === undefined) return own;
  return [...own, ...parityFindings(here.side, here.value, there.value, undefined)];
}
