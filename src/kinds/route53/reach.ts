import { AwsError } from '../../aws/errors.ts';
import { listManyRecordSets, type RecordKey, type RecordSet, typesOf } from '../../aws/route53.ts';
import { refused } from '../common.ts';
import type { StepContext, Verdict, Warning } from '../../model/step.ts';
import { answerOf, answersWith, answerWords, type RegionAnswer } from './aim.ts';

/* Do the sets that a run changes decide where users are led? Another zone, or sets that the runbook does not name, may answer too. */

const GUIDE = 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide';
/** Of many names the first few are asked for their types of record. */
const NAMES_ASKED = 4;
/** Labels of a name above the one that is changed, at most. */
const ABOVE_MAX = 8;

type Looking = Pick<StepContext, 'effects' | 'signal' | 'source' | 'target'>;
type Refused = Extract<Verdict, { state: 'refused' }>;

interface Names {
  zone: string;
  records: readonly RecordKey[];
}

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/**
 * Names that the zone has given away, and types of record that the runbook does not move. An NS record below the apex delegates all names
 * below it: no resolver asks this zone for them, whatever else it holds. The apex has NS and SOA. What AWS does not tell is left out.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-routing-traffic-for-subdomains.html
 */
export async function typesBeside(ctx: Looking, { zone, records }: Names): Promise<{ delegated?: Refused; warnings: Warning[] }> {
  const names = [...new Set(records.map(({ name }) => plain(name)))].slice(0, NAMES_ASKED);
  const known = new Map<string, ReturnType<typeof typesOf>>();
  const ask = (name: string): ReturnType<typeof typesOf> => {
    const asked = known.get(name) ?? typesOf(ctx.effects.aws, zone, name, { region: ctx.target, signal: ctx.signal });
    known.set(name, asked);
    return asked;
  };
  try {
    for (const name of names) {
      const at = await delegatedAt(name, ask);
      if (at !== undefined) return { delegated: givenAway(zone, name, at), warnings: [] };
    }
    return { warnings: (await Promise.all(names.map(async (name) => otherTypes(name, records, (await ask(name)).leading)))).flat() };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { warnings: [] };
  }
}

/** The name, it or one above it, that belongs to another zone. */
async function delegatedAt(name: string, ask: (name: string) => ReturnType<typeof typesOf>): Promise<string | undefined> {
  const labels = name.split('.');
  for (let i = 0; i < labels.length - 1 && i < ABOVE_MAX; i++) {
    const at = labels.slice(i).join('.');
    const { all } = await ask(at);
    if (all.includes('SOA')) return undefined;
    if (all.includes('NS')) return at;
  }
  return undefined;
}

function givenAway(zone: string, name: string, at: string): Refused {
  return refused({
    rule: 'delegation',
    observed: `the zone ${zone} has an NS record at ${at}: another zone answers for ${name === at ? 'it' : `${name}, too`}, and the records in this one answer nobody`,
    threshold: 'names that the zone itself answers for',
    consequence: 'users could not be moved: they are led by the other zone',
    override: `none: name the hosted zone of ${at} in the runbook, or delete the NS record: aws route53 list-hosted-zones-by-name --dns-name ${at}`,
  });
}

/** Users of a name find it by several types of record: IPv6, and HTTPS with its address hints. What no step moves keeps them where they are. */
function otherTypes(name: string, records: readonly RecordKey[], leading: readonly string[]): Warning[] {
  const others = leading.filter((type) => !records.some((record) => record.type === type && plain(record.name) === name));
  if (others.length === 0) return [];
  return [{ rule: 'other-record-types', observed: `${name} has ${others.join(' and ')} records too, which the runbook does not move here: who finds the name by them stays where they lead`, wanted: `every record of ${name} that leads users in the runbook`, mend: `name them in \`records\` of the runbook, or delete them`, page: `${GUIDE}/ResourceRecordTypes.html` }];
}

/** The sets that the runbook names: of all regions, and those of the source, with what it answers. */
interface NamedSets {
  all: readonly string[];
  source: readonly string[];
  answers: readonly RegionAnswer[];
}

/**
 * Sets of these names that answer users and that the runbook does not name. One that leads to the region that is left keeps its users there; another one leads
 * them to where nobody looks. @throws AwsError
 */
export async function setsBeside(ctx: Looking, { zone, records }: Names, named: NamedSets): Promise<{ kept?: Refused; warnings: Warning[] }> {
  const found = await listManyRecordSets(ctx.effects.aws, zone, records, { region: ctx.target, signal: ctx.signal });
  const beside = found.flatMap((sets, i) => {
    const others = sets.filter(({ SetIdentifier: id = '' }) => named.all.includes(id) && !named.source.includes(id));
    // A set of the source that was moved already answers as another one does.
    const own = sets.filter((set) => named.source.includes(set.SetIdentifier ?? '')).map(answerOf).filter((answer) => !others.some((set) => answersWith(set, answer)));
    return sets.filter((set) => !named.all.includes(set.SetIdentifier ?? '') && isAnswered(set, sets)).map((set) => ({ set, name: `${records[i]?.name ?? ''} ${records[i]?.type ?? ''}`, toSource: leadsTo(ctx.source, set, [...named.answers, ...own]) }));
  });
  if (beside.length === 0) return { warnings: [] };
  const words = (some: typeof beside): string => `${some.slice(0, 5).map(({ set, name }) => `set ${set.SetIdentifier ?? '(simple)'} of ${name} answers ${answerWords(answerOf(set))}${set.Weight === undefined ? '' : ` with the weight ${set.Weight}`}`).join('; ')}${some.length > 5 ? `; and ${some.length - 5} more` : ''}`;
  const kept = beside.filter(({ toSource }) => toSource);
  if (kept.length > 0) {
    return {
      warnings: [],
      kept: refused({
        rule: 'record-sets',
        observed: `${words(kept)}: it leads to ${ctx.source}, and the runbook does not name it`,
        threshold: `every set that leads users to ${ctx.source} in the runbook`,
        consequence: 'users whom it answers would stay where nothing serves them',
        override: 'none: delete that set, or let it answer otherwise: aws route53 change-resource-record-sets …; or name it in the runbook',
      }),
    };
  }
  return { warnings: [{ rule: 'sets-beside', observed: `${words(beside)}, and the runbook does not name it: users whom it answers are not moved`, wanted: 'every set that answers users in the runbook', mend: 'name it in the runbook, or delete it', page: `${GUIDE}/routing-policy.html` }] };
}

/** Route 53 takes weights that are all 0 for equal shares. https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html */
function isAnswered(set: RecordSet, all: readonly RecordSet[]): boolean {
  return set.Weight !== 0 || all.every((one) => (one.Weight ?? 0) === 0);
}

/** What the source answers with, or a name of AWS that has its region in it, e.g. `x.ap-northeast-2.elb.amazonaws.com`. */
function leadsTo(region: string, set: RecordSet, answers: readonly RegionAnswer[]): boolean {
  const names = [set.AliasTarget?.DNSName ?? '', ...(set.ResourceRecords ?? []).map(({ Value = '' }) => Value)];
  return answers.some((answer) => answersWith(set, answer)) || names.some((name) => plain(name).endsWith('.amazonaws.com') && plain(name).split('.').includes(region));
}
