import { findCertificate, type Certificate } from '../../aws/acm.ts';
import { balancersOf, secureListeners } from '../../aws/elbv2.ts';
import { certificateStatus } from '../../aws/states/others.ts';
import { arnIn } from '../../base/arn.ts';
import { plural } from '../../base/plural.ts';
import { allow } from '../../kinds/common.ts';
import { ifAllowed } from '../../kinds/inspect.ts';
import { knownKind } from '../../kinds/registry.ts';
import { finder, type Finding } from '../../model/finding.ts';
import type { Permission } from '../../model/step.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import type { Asking, PathFinding } from './run-findings.ts';

/*
 * Would browsers take the answers of the region that becomes active? Its load balancers are those that the target groups of the runbook
 * lead to, and their certificates must name what users ask for. Without such a load balancer, or without TLS on it, nothing is said:
 * then TLS ends somewhere that the runbook does not name.
 */

const PAGE = 'https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html';
const DAY_MS = 86_400_000;
/** ACM renews 60 days before the end, where it can: what is nearer than this was not renewed. */
const NEAR_MS = 30 * DAY_MS;

/** What `certificateFindings` asks. */
export function certificateLooks(target: string, account: string): Permission[] {
  return [
    allow(['elasticloadbalancing:DescribeTargetGroups', 'elasticloadbalancing:DescribeListeners', 'elasticloadbalancing:DescribeListenerCertificates'], ['*']),
    allow(['acm:DescribeCertificate'], [arnIn(target, 'acm', account, 'certificate/*')]),
  ];
}

export async function certificateFindings({ effects, loaded, target, signal }: Asking): Promise<PathFinding[]> {
  const names = await namesOf(loaded);
  const about = { resource: `elasticloadbalancing:${target}`, region: target };
  const found = await ifAllowed(about, async () => {
    const groups = await Promise.all(loaded.runbook.resources.map(async ({ kind, resource }) => (await (await knownKind(kind)).targetGroups?.({ effects, signal, target }, resource)) ?? []));
    if (names.length === 0 || groups.flat().length === 0) return [];
    const balancers = await balancersOf(effects.aws, target, groups.flat(), { signal });
    const listeners = (await Promise.all(balancers.map((arn) => secureListeners(effects.aws, target, arn, { signal })))).flat();
    const arns = [...new Set(listeners.flatMap(({ certificates }) => certificates))];
    if (arns.length === 0) return [];
    // Certificates that were uploaded to IAM say here neither what they name nor how long they are valid.
    const known = arns.filter((arn) => arn.split(':')[2] === 'acm');
    const seen = await Promise.all(known.map(async (arn) => ({ arn, seen: await findCertificate(effects.aws, target, arn, { signal }) })));
    return names.flatMap(({ name }) => nameFinding(name, target, seen, { all: known.length === arns.length, now: effects.clock.now() }));
  });
  return found.map((one) => ({ ...one, path: names.find(({ name }) => one.resource === `certificate:${target}:${name}`)?.path ?? [] }));
}

interface Named {
  name: string;
  path: readonly string[];
}

/** What users ask for, each once, as certificates write it. */
async function namesOf({ runbook }: LoadedRunbook): Promise<Named[]> {
  const all = await Promise.all(runbook.resources.map(async ({ section, name: of, kind, resource }) => {
    const records = (await knownKind(kind)).routing?.(resource).records ?? [];
    return records.map(({ name }): Named => ({ name: name.replace(/\.$/, '').toLowerCase(), path: [section, of] }));
  }));
  return [...new Map(all.flat().toReversed().map((one) => [one.name, one])).values()].toReversed();
}

interface Seen {
  arn: string;
  seen: Certificate | undefined;
}

/** Of the certificates that name it the best counts: a load balancer chooses among several. */
function nameFinding(name: string, region: string, all: readonly Seen[], { all: complete, now }: { all: boolean; now: number }): Finding[] {
  const find = finder({ resource: `certificate:${region}:${name}`, region });
  const fitting = all.flatMap(({ seen }) => (seen !== undefined && namesIt(seen, name) ? [seen] : []));
  if (fitting.length === 0) {
    if (!complete) return [];
    return [find.warning('certificate-name', { observed: `no certificate of the load balancer in ${region} names ${name}`, wanted: `a certificate for ${name}`, consequence: 'browsers refuse the answers of the region, unless TLS ends before the load balancer', mend: `aws acm request-certificate --region ${region} --domain-name ${name} --validation-method DNS, then: aws elbv2 add-listener-certificates --region ${region}`, page: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html' })];
  }
  const [best] = fitting.map((certificate) => ({ certificate, state: stateOf(certificate, now) })).toSorted((a, b) => a.state.rank - b.state.rank);
  if (best === undefined || best.state.rank === 0) return [];
  const said = { observed: `the certificate of ${name} in ${region}, ${best.certificate.CertificateArn ?? ''}, ${best.state.shown}`, wanted: 'a certificate that is issued, and valid for 30 days or more', mend: `aws acm describe-certificate --region ${region} --certificate-arn ${best.certificate.CertificateArn ?? ''}: ${best.certificate.Type === 'IMPORTED' ? 'import a new one, ACM renews only its own' : 'see why it is not renewed'}`, page: PAGE };
  return [best.state.rank === 1 ? find.warning('certificate-ends', { ...said, consequence: 'once it has ended, browsers refuse the answers of the region' }) : find.error('certificate', { ...said, consequence: 'browsers refuse the answers of the region' })];
}

/** 0: good; 1: good for now; 2: not. */
function stateOf({ Status, NotAfter }: Certificate, now: number): { rank: 0 | 1 | 2; shown: string } {
  const status = certificateStatus(Status);
  if (status.usable !== 'yes') return { rank: 2, shown: `is ${status.shown}` };
  if (NotAfter === undefined) return { rank: 1, shown: 'is issued, and AWS does not say until when' };
  const left = NotAfter.getTime() - now;
  if (left <= 0) return { rank: 2, shown: `has ended on ${NotAfter.toISOString().slice(0, 10)}` };
  return left < NEAR_MS ? { rank: 1, shown: `ends on ${NotAfter.toISOString().slice(0, 10)}, in ${plural(Math.floor(left / DAY_MS), 'day')}` } : { rank: 0, shown: 'is issued' };
}

/** A `*` stands for one label: https://docs.aws.amazon.com/acm/latest/userguide/acm-concepts.html */
function namesIt({ DomainName, SubjectAlternativeNames = [] }: Certificate, name: string): boolean {
  const parent = name.slice(name.indexOf('.') + 1);
  return [DomainName ?? '', ...SubjectAlternativeNames].map((one) => one.toLowerCase()).some((one) => one === name || one === `*.${parent}`);
}
