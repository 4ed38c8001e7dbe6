import { people, withoutRegion } from '../../kinds/discovery/names.ts';
import { KIND_NAMES, knownKind } from '../../kinds/registry.ts';
import type { Discovered, Inventory, SeenTopic } from '../../model/discovery.ts';
import { SECTIONS, type Section, STRATEGIES, type Strategy } from '../../model/verb.ts';
import type { ApplicationPart } from './applications.ts';
import { Document, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';

/** What AWS does not know: given by flags, or asked. */
export interface Wishes {
  owner?: string | undefined;
  rpo?: string | undefined;
  rto?: string | undefined;
  approvers?: readonly string[] | undefined;
}

interface Placed extends Discovered {
  kind: string;
  section: Section;
  strategies: readonly Strategy[];
}

export interface Open {
  /** Where in the runbook, with dots. */
  path: string;
  what: string;
}

export interface Draft {
  name: string;
  strategy: Strategy;
  because: string;
  home: string;
  /** Home first. */
  regions: readonly string[];
  /** In the order of the file: what stands under each key. */
  value: Readonly<Record<string, unknown>>;
  /** Where each value came from, by its path. */
  comments: ReadonlyMap<string, string>;
  open: readonly Open[];
  /** Found, and not in the runbook, and why. */
  left: readonly string[];
  uses: ReadonlySet<string>;
}

/** Objectives to begin with, by what the strategy can reach. A person decides. */
const OBJECTIVES: Readonly<Record<Strategy, { rpo: string; rto: string }>> = {
  'warm-standby': { rpo: '5m', rto: '15m' },
  'pilot-light': { rpo: '5m', rto: '1h' },
  'backup-restore': { rpo: '30m', rto: '4h' },
  'active-active': { rpo: '0s', rto: '10m' },
};

const NOBODY = 'on-call@example.com';

/** A runbook of what was found of an application; undefined where it has nothing in a second region. */
export async function draftOf({ name, inventory }: ApplicationPart, wishes: Wishes): Promise<Draft | undefined> {
  const found = await discoverAll(name, inventory);
  const regions = [...new Set(found.flatMap((one) => one.regions))];
  if (found.length === 0 || regions.length < 2) return undefined;
  const { strategy, because, placed, left } = strategyOf(found);
  if (placed.length === 0) return undefined;
  const home = homeOf(placed) ?? regions[0] ?? '';
  const inOrder = [home, ...inventory.regions.filter((region) => region !== home && placed.some((one) => one.regions.includes(region)))];
  return { name, strategy, because, home, regions: inOrder, left, uses: new Set(placed.flatMap(({ uses }) => uses)), ...compose({ name, strategy, because, home, regions: inOrder, placed, inventory, wishes }) };
}

/** Databases, then traffic, which both tell where it runs, then compute. */
async function discoverAll(application: string, inventory: Inventory): Promise<Placed[]> {
  const kinds = await Promise.all(KIND_NAMES.map(async (kind) => ({ kind, code: await knownKind(kind) })));
  const found: Placed[] = [];
  for (const section of ['databases', 'traffic', 'compute'] as const) {
    const home = homeOf(found);
    const shared = found.some(({ strategies }) => strategies.length === 1 && strategies[0] === 'active-active');
    for (const { kind, code } of kinds) {
      if (code.section !== section) continue;
      const more = code.discover?.(inventory, { application, home, shared, regionName: people }) ?? [];
      found.push(...more.map((one) => ({ ...one, kind, section, strategies: code.strategies })));
    }
  }
  return withOwnNames(found);
}

/** Two of one section never have one name. */
function withOwnNames(found: readonly Placed[]): Placed[] {
  const taken = new Set<string>();
  return found.map((one) => {
    let { name } = one;
    for (let n = 2; taken.has(`${one.section}/${name}`); n++) name = `${one.name}-${n}`;
    taken.add(`${one.section}/${name}`);
    return { ...one, name };
  });
}

function homeOf(found: readonly Placed[]): string | undefined {
  return found.find(({ home }) => home !== undefined)?.home;
}

/** The strategy that most of what was found can carry, the data before the rest. What cannot carry it is left out. */
function strategyOf(found: readonly Placed[]): { strategy: Strategy; because: string; placed: Placed[]; left: string[] } {
  const weight = ({ section }: Placed) => (section === 'databases' ? 100 : 1);
  const score = (strategy: Strategy) => found.reduce((sum, one) => sum + (one.strategies.includes(strategy) ? 2 * weight(one) : 0) + (one.suggests?.strategy === strategy ? 1 : 0), 0);
  const strategy = STRATEGIES.toSorted((a, b) => score(b) - score(a))[0] ?? 'warm-standby';
  const placed = found.filter(({ strategies }) => strategies.includes(strategy));
  const left = found.filter((one) => !placed.includes(one)).map(({ section, name, kind }) => `${section}.${name}: a ${kind} cannot carry ${strategy}`);
  const told = placed.filter(({ suggests }) => suggests?.strategy === strategy).map(({ suggests }) => suggests?.because ?? '');
  const data = placed.find(({ section }) => section === 'databases');
  const reasons = [...(data === undefined ? [] : [`the data is kept as ${data.kind}`]), ...told];
  return { strategy, because: reasons.join('; '), placed, left };
}

interface Parts {
  name: string;
  strategy: Strategy;
  because: string;
  home: string;
  regions: readonly string[];
  placed: readonly Placed[];
  inventory: Inventory;
  wishes: Wishes;
}

function compose(parts: Parts): Pick<Draft, 'value' | 'comments' | 'open'> {
  const { name, strategy, because, home, regions, placed, inventory, wishes } = parts;
  const comments = new Map<string, string>();
  const open: Open[] = [];
  const decide = (path: string, what: string): void => void open.push({ path, what });
  const objectives = { rpo: wishes.rpo ?? OBJECTIVES[strategy].rpo, rto: wishes.rto ?? OBJECTIVES[strategy].rto };
  comments.set('strategy', because);
  comments.set('regions', 'home is where it serves now');
  if (wishes.rpo === undefined || wishes.rto === undefined) decide('objectives', `how much may be lost, and how long it may be down: these are only what ${strategy} can usually reach`);
  if (wishes.owner === undefined) decide('owner', 'who answers for it at 3 a.m.');
  const sections = Object.fromEntries(
    SECTIONS.flatMap((section) => {
      const own = placed.filter((one) => one.section === section);
      for (const one of own) describe(one, section, comments, decide);
      return own.length === 0 ? [] : [[section, Object.fromEntries(own.map((one) => [one.name, { kind: one.kind, ...one.resource }]))]];
    }),
  );
  const probes = probesOf(placed, inventory, comments, decide);
  const approvals = wishes.approvers === undefined || wishes.approvers.length === 0 ? {} : { approvals: [{ before: 'point-of-no-return', from: [...wishes.approvers], quorum: 1 }] };
  if (Object.keys(approvals).length === 0 && strategy !== 'active-active') decide('approvals', 'who must agree before the point of no return: approvals: [{ before: point-of-no-return, from: [NAME], quorum: 1 }]');
  const notify = notifyOf(name, inventory, regions, comments, decide);
  const value = {
    runbook: name,
    owner: wishes.owner ?? NOBODY,
    strategy,
    objectives,
    regions: Object.fromEntries(regions.map((region) => [region, { name: people(region).replace(/ \(.*/, ''), ...(region === home ? { home: true } : {}) }])),
    ...sections,
    ...probes,
    ...approvals,
    ...notify,
  };
  return { value, comments, open };
}

function describe(one: Placed, section: Section, comments: Map<string, string>, decide: (path: string, what: string) => void): void {
  const own = [section, one.name].join('.');
  for (const [path, text] of Object.entries(one.comments)) if (text.trim() !== '') comments.set(path === '' ? own : `${own}.${path}`, text.trim());
  for (const { path, what } of one.open) decide(path === '' ? own : `${own}.${path}`, what);
}

/** One probe of the first name that users ask for, as the health check behind it asks. */
function probesOf(placed: readonly Placed[], { checks, records }: Inventory, comments: Map<string, string>, decide: (path: string, what: string) => void): Record<string, unknown> {
  const namesOf = ({ resource }: Placed): string[] => {
    const { record, records: several } = resource as { record?: { name: string }; records?: { name: string }[] };
    return [record, ...(several ?? [])].flatMap((one) => one?.name ?? []);
  };
  // The shortest name is the one that people know.
  const [found] = placed.filter(({ section }) => section === 'traffic').flatMap((traffic) => namesOf(traffic).map((name) => ({ traffic, name }))).sort((a, b) => a.name.length - b.name.length);
  const { traffic, name } = found ?? {};
  if (name === undefined || name.startsWith('*')) {
    decide('probes', 'what users see: without a probe the RTO is not measured');
    return {};
  }
  const behind = records.filter((one) => one.name === name && one.healthCheck !== undefined).map((one) => checks.get(one.healthCheck ?? '')).find((check) => check !== undefined);
  const secure = behind === undefined || behind.type.startsWith('HTTPS') || behind.port === 443;
  const path = behind?.path ?? '/healthz';
  if (behind?.path === undefined) decide('probes.site.http', `the path that says whether users are served: ${behind === undefined ? 'no health check tells' : `health check ${behind.id} opens a connection only`}`);
  comments.set('probes.site', behind === undefined ? `the name of traffic.${traffic?.name ?? ''}` : `the name of traffic.${traffic?.name ?? ''}, asked as health check ${behind.id} asks (${behind.type})`);
  return { probes: { site: { http: `${secure ? 'https' : 'http'}://${name}${path.startsWith('/') ? path : `/${path}`}` } } };
}

const FOR_PEOPLE = /(^|[-_])(dr|oncall|on-call|ops|alerts?|alarms?|incidents?|pager)($|[-_])/i;

/** Topics of one name in each region: of the application, or by what they are called. */
function notifyOf(name: string, { topics, regions: all }: Inventory, regions: readonly string[], comments: Map<string, string>, decide: (path: string, what: string) => void): Record<string, unknown> {
  const alike = [...Map.groupBy(topics, (topic) => withoutRegion(topic.name, all)).values()].filter((found) => regions.every((region) => found.some((topic) => topic.region === region)));
  const rank = (found: readonly SeenTopic[]): number => {
    const called = found[0]?.name ?? '';
    const own = called.toLowerCase().split(/[-_]/).includes(name);
    return FOR_PEOPLE.test(called) ? (own ? 3 : 2) : own ? 1 : 0;
  };
  const best = alike.toSorted((a, b) => rank(b) - rank(a))[0];
  if (best === undefined || rank(best) === 0) {
    decide('notify', `who is notified: a topic of SNS in ${regions.map(people).join(' and ')}, or Slack`);
    return {};
  }
  comments.set('notify', `topics that are called alike in both regions; the lost one cannot send`);
  return { notify: [{ sns: Object.fromEntries(regions.map((region) => [region, best.find((topic) => topic.region === region)?.arn ?? ''])) }] };
}

/* A draft as text: each comment stands above the key that it explains, and what a person has to decide is marked. */

/** Maps and lists of that many characters or fewer stand on one line. */
const ON_ONE_LINE = 110;
const WIDTH = 118;
const DECIDE = 'decide:';

/** @param from what it was read from, for the first lines */
export function runbookText(draft: Draft, from: { account: string; at: string; source: string; schema: string | undefined }): string {
  const doc = new Document(draft.value);
  shorten(doc.contents as Node, 0);
  for (const [path, text] of draft.comments) comment(doc, path.split('.'), text);
  for (const { path, what } of draft.open) comment(doc, path.split('.'), `${DECIDE} ${what}`);
  const map = doc.contents as YAMLMap;
  for (const pair of map.items) if (isScalar(pair.key) && pair !== map.items[0] && BLOCKS.has(String(pair.key.value))) pair.key.spaceBefore = true;
  const head = [
    ...(from.schema === undefined ? [] : [`# yaml-language-server: $schema=${from.schema}`, '#']),
    ...wrapped(`Made by dr init from ${from.source} of account ${from.account} at ${from.at}. It says where each value came from. ${draft.open.length === 0 ? '' : `A person has to decide what is marked "${DECIDE}".`} dr validate checks it; dr plan shows what would happen.`.replaceAll('  ', ' '), 0),
    ...orphans(draft, doc),
  ];
  return `${head.join('\n')}\n\n${doc.toString({ lineWidth: 0, flowCollectionPadding: true })}`;
}

const BLOCKS = new Set(['objectives', 'regions', 'databases', 'compute', 'traffic', 'probes', 'approvals', 'notify']);

/** What is open about a key that is not there. */
function orphans(draft: Draft, doc: Document): string[] {
  const missing = draft.open.filter(({ path }) => !doc.hasIn(path.split('.')));
  return missing.flatMap(({ path, what }) => wrapped(`${DECIDE} ${path}: ${what}`, 0));
}

function wrapped(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length > 1 && line.length + word.length + 1 > WIDTH - indent) {
      lines.push(line);
      line = '#  ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** Above the key at that path; a path that is not there is left out. */
function comment(doc: Document, path: readonly string[], text: string): void {
  const parent = path.length === 1 ? doc.contents : doc.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return;
  const pair: Pair | undefined = parent.items.find((item) => isScalar(item.key) && item.key.value === path.at(-1));
  if (pair === undefined || !isScalar(pair.key)) return;
  // A comment inside of a map on one line would break it apart.
  if (parent.flow === true) return comment(doc, path.slice(0, -1), `${path.at(-1) ?? ''}: ${text}`);
  const lines = wrapped(text, 2 * (path.length - 1)).map((line) => line.slice(1));
  pair.key.commentBefore = [...(pair.key.commentBefore === undefined || pair.key.commentBefore === null ? [] : [pair.key.commentBefore]), ...lines].join('\n');
}

/** Small maps and lists on one line, as people write them. */
function shorten(node: Node, depth: number): void {
  if (!isMap(node) && !isSeq(node)) return;
  const text = JSON.stringify(node);
  if (depth >= 2 && text.length <= ON_ONE_LINE && !text.includes('"kind"')) {
    node.flow = true;
    return;
  }
  if (depth === 1 && isMap(node) && text.length <= 60 && !text.includes('{"', 1)) node.flow = text.includes('"rpo"') ? false : true;
  for (const item of node.items) {
    const child = isMap(node) ? (item as Pair).value : item;
    if (child !== null && typeof child === 'object') shorten(child as Node, depth + 1);
  }
}
