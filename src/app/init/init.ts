import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AwsCaller } from '../../aws/caller.ts';
import { DrError, messageOf } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { pathKey, proxyKey } from '../../kinds/discovery/way-in.ts';
import type { Inventory } from '../../model/discovery.ts';
import { parseRunbook } from '../../runbook/load.ts';
import { RunbookError } from '../../runbook/problem.ts';
import { applicationsIn } from './applications.ts';
import { type Draft, draftOf, type Open, runbookText, type Wishes } from './draft.ts';
import { mustHaveRead, type NotRead, readAccount, type ReadAccount } from './read-account.ts';
import { readTerraform } from './terraform.ts';

interface InitRequest extends Wishes {
  aws: AwsCaller;
  regions: readonly string[];
  runbooks: string;
  /** A state file of Terraform instead of the account: nothing is called. */
  terraform?: string | undefined;
  only?: readonly string[] | undefined;
  dryRun?: boolean | undefined;
  now: number;
  signal?: AbortSignal | undefined;
  progress?: ((counts: Readonly<Record<string, number>>) => void) | undefined;
  /** Asked between reading and writing, where there is a person. */
  choose?: ((drafts: readonly Draft[]) => Promise<{ drafts: readonly Draft[]; wishes: Wishes }>) | undefined;
}

export interface MadeRunbook {
  name: string;
  path: string;
  /** `there`: a file of that name is there, and is not touched. */
  state: 'written' | 'there' | 'shown';
  strategy: string;
  because: string;
  home: string;
  regions: readonly string[];
  text: string;
  decide: readonly Open[];
  /** What `dr validate` warns of. */
  warnings: readonly string[];
}

export interface InitResult {
  account: string;
  regions: readonly string[];
  /** Allow these; nothing else was called. */
  permissions: readonly string[];
  runbooks: readonly MadeRunbook[];
  /** Found, and in no runbook. */
  notPlaced: readonly string[];
  notRead: readonly NotRead[];
  counts: Readonly<Record<string, number>>;
  calls: number;
}

/** What reading an account needs to be allowed: these calls know no resource, so that each is for `*`. */
export const INIT_ACTIONS: readonly string[] = [
  'autoscaling:DescribeAutoScalingGroups',
  'ec2:DescribeImages',
  'ec2:DescribeInstances',
  'ec2:DescribeLaunchTemplateVersions',
  'ec2:DescribeNetworkInsightsPaths',
  'ec2:DescribeSecurityGroups',
  'elasticloadbalancing:DescribeTargetGroups',
  'elasticloadbalancing:DescribeTargetHealth',
  'rds:DescribeDBInstanceAutomatedBackups',
  'rds:DescribeDBInstances',
  'rds:DescribeDBParameterGroups',
  'rds:DescribeDBProxies',
  'rds:DescribeDBProxyTargets',
  'rds:DescribeDBSubnetGroups',
  'route53:ListHealthChecks',
  'route53:ListHostedZones',
  'route53:ListResourceRecordSets',
  'sns:ListTopics',
  'sts:GetCallerIdentity',
];

/** Reads an account and writes a runbook for each application that it finds. Never overwrites a file. @throws DrError */
export async function init(request: InitRequest): Promise<InitResult> {
  const read = request.terraform === undefined ? await fromAccount(request) : await fromTerraform(request.terraform);
  const { inventory } = read;
  const parts = applicationsIn(inventory);
  const wanted = request.only === undefined ? parts : parts.filter(({ name }) => request.only?.includes(name) === true);
  refuseUnknown(request.only, parts.map(({ name }) => name));
  const drafts = (await Promise.all(wanted.map((part) => draftOf(part, request)))).filter((draft) => draft !== undefined);
  const chosen = request.choose === undefined || drafts.length === 0 ? { drafts, wishes: request } : await request.choose(drafts);
  const made = await Promise.all(chosen.drafts.map(async ({ name }) => {
    const part = wanted.find((one) => one.name === name);
    const draft = part === undefined ? undefined : await draftOf(part, chosen.wishes);
    return draft === undefined ? undefined : makeRunbook(draft, request, inventory);
  }));
  return {
    account: inventory.account,
    regions: inventory.regions,
    permissions: request.terraform === undefined ? INIT_ACTIONS : [],
    runbooks: made.filter((one) => one !== undefined),
    notPlaced: request.only === undefined ? leftOver(read, drafts) : drafts.flatMap(({ name, left }) => left.map((text) => `${name}: ${text}`)),
    notRead: read.notRead,
    counts: read.counts,
    calls: read.calls,
  };
}

async function fromAccount(request: InitRequest): Promise<ReadAccount> {
  refuseRegions(request.regions);
  const read = await readAccount(request);
  mustHaveRead(read);
  return read;
}

async function fromTerraform(path: string): Promise<ReadAccount> {
  const inventory = await readTerraform(path);
  const counts = { databases: inventory.databases.length, 'Auto Scaling groups': inventory.groups.length, 'EC2 instances': inventory.instances.length, records: inventory.records.length };
  return { inventory, notRead: [], counts, calls: 0 };
}

function refuseRegions(regions: readonly string[]): void {
  if (new Set(regions).size < 2) throw new DrError({ code: 'REGIONS_NEEDED', exit: 'usage', title: 'dr init looks at two regions or more: which ones?', next: ['dr init --regions ap-northeast-2,ap-northeast-1'] });
}

function refuseUnknown(only: readonly string[] | undefined, names: readonly string[]): void {
  const bad = only?.find((name) => !names.includes(name));
  if (bad === undefined) return;
  const near = nearest(bad, [...names]);
  throw new DrError({
    code: 'APPLICATION_UNKNOWN',
    exit: 'usage',
    title: `Nothing in this account seems to belong to an application "${bad}".`,
    detail: names.length === 0 ? 'Nothing that dr knows was found at all.' : `Found by tags and names: ${names.slice(0, 30).join(', ')}${names.length > 30 ? ', …' : ''}.`,
    next: near === undefined ? [] : [`did you mean --only ${near}?`],
  });
}

async function makeRunbook(draft: Draft, request: InitRequest, { account }: Inventory): Promise<MadeRunbook> {
  const path = join(request.runbooks, `${draft.name}.yaml`);
  const text = runbookText(draft, { account, at: new Date(request.now).toISOString().slice(0, 16) + 'Z', source: request.terraform ?? 'what is there', schema: undefined });
  const { name, strategy, because, home, regions, open } = draft;
  const common = { name, path, strategy, because, home, regions, text, decide: open };
  // A runbook that this version would not take itself is a defect of dr, and is never written.
  const loaded = await parseRunbook(Buffer.from(text), path).catch((error: unknown) => {
    const why = error instanceof RunbookError ? error.problems.map(({ line, col, message }) => `${line}:${col} ${message}`).join('\n') : messageOf(error);
    throw new DrError({ code: 'INIT_INVALID', exit: 'bug', title: `What was found of ${name} does not make a valid runbook.`, detail: `${why}\n\n${text}`, next: [`leave it out: dr init --only OTHER`, 'please report it'] });
  });
  const warnings = loaded.warnings.map(({ message }) => message);
  if (request.dryRun === true) return { ...common, state: 'shown', warnings };
  await mkdir(request.runbooks, { recursive: true });
  try {
    await writeFile(path, text, { flag: 'wx' });
    return { ...common, state: 'written', warnings };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return { ...common, state: 'there', warnings };
    throw new DrError({ code: 'RUNBOOK_UNWRITABLE', exit: 'usage', title: `${path} cannot be written.`, detail: messageOf(error), next: ['name another folder: --runbooks DIR'] });
  }
}

/** What no runbook names, in words: databases, groups and record sets, each with its region. */
function leftOver({ inventory }: ReadAccount, drafts: readonly Draft[]): string[] {
  const used = new Set(drafts.flatMap(({ uses }) => [...uses]));
  const why = drafts.flatMap(({ name, left }) => left.map((text) => `${name}: ${text}`));
  const databases = inventory.databases.filter(({ arn }) => !used.has(arn)).map(({ id, region }) => `database ${id} in ${region}: nothing of it was found in another region`);
  const groups = inventory.groups.filter(({ region, name }) => !used.has(`${region}/${name}`)).map(({ region, name }) => `Auto Scaling group ${name} in ${region}: no group that is called alike in another region`);
  const instances = inventory.instances.filter(({ region, id }) => !used.has(`${region}/${id}`));
  const perRegion = [...Map.groupBy(instances, ({ region }) => region)].map(([region, list]) => `${list.length} EC2 ${list.length === 1 ? 'instance' : 'instances'} in ${region}: ${list.slice(0, 3).map(({ id }) => id).join(', ')}${list.length > 3 ? ', …' : ''}`);
  const records = new Map(inventory.records.map(({ zone, name, type }) => [`${zone}/${name}/${type}`, `${name} ${type}`]));
  const names = [...records].filter(([id]) => !used.has(id)).map(([, text]) => `record sets of ${text}: which region each of them leads to is not known, or only one`);
  const proxies = inventory.proxies.filter((one) => !used.has(proxyKey(one))).map(({ name, region }) => `RDS Proxy ${name} in ${region}: it leads to no database of a runbook, and is called like none`);
  const paths = inventory.paths.filter((one) => !used.has(pathKey(one))).map(({ id, region }) => `path ${id} of Reachability Analyzer in ${region}: its name does not say which database it leads to; name it under reachability`);
  return [...why, ...databases, ...proxies, ...paths, ...groups, ...perRegion, ...names];
}
