import { parseArn } from '../base/arn.ts';
import { formatDuration } from '../base/duration.ts';
import { nearestRegion, partitionOf, REGIONS, route53RegionFor } from '../base/regions.ts';
import { prefix } from './explain.ts';
import type { Problem } from './problem.ts';
import type { ReadResource } from './resources.ts';
import type { Runbook, RunbookProbe } from './runbook.ts';
import { printable, quote } from './secrets.ts';
import type { Path } from './yaml-reader.ts';
import type { YamlText } from './yaml.ts';

const MINUTE_MS = 60_000;

/** `atKey`: the key itself is what is wrong. */
type Warn = (path: Path, message: string, atKey?: 'atKey') => void;

/** What a valid runbook should not do, as far as the file alone can tell. Nothing here stops a run. */
export function lintRunbook(runbook: Runbook, resources: readonly ReadResource[], text: YamlText): Problem[] {
  const problems: Problem[] = [];
  const warn: Warn = (path, message, atKey) => {
    const place = atKey === undefined ? text.at(path) : text.keyAt(path);
    problems.push({ ...place, message: prefix(path) + message, severity: 'warning' });
  };
  lintRegions(runbook, warn);
  lintObjectives(runbook, resources, warn);
  lintProbes(runbook, warn);
  lintSignals(runbook, resources, warn);
  if (runbook.approvals.length === 0) warn([], 'no approvals: one person alone can cross the point of no return');
  lintNotify(runbook, warn);
  problems.push(...recordsTwice(resources, text), ...otherPartitions(runbook, text), ...zeroRpo(runbook, resources, text));
  return problems;
}

function lintRegions(runbook: Runbook, warn: Warn): void {
  for (const { id } of runbook.regions) {
    if (Object.hasOwn(REGIONS, id)) continue;
    const near = nearestRegion(id);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    warn(['regions', id], `this version of dr does not know the region ${id}${hint}`, 'atKey');
  }
}

/** Credentials, replicas, backups and zones of one partition are unknown in another one. */
function otherPartitions(runbook: Runbook, text: YamlText): Problem[] {
  const home = partitionOf(runbook.home);
  return runbook.regions.flatMap(({ id }) => {
    if (partitionOf(id) === home) return [];
    const message = `${id} is in the partition ${partitionOf(id)}, and ${runbook.home} in ${home}: accounts and credentials of one are unknown in the other; use regions of one partition`;
    const path = ['regions', id];
    return [{ ...text.keyAt(path), message: prefix(path) + message, severity: 'error' as const }];
  });
}

/** A replica and a backup are behind their writer: that nothing at all is lost can never be shown for them. */
function zeroRpo(runbook: Runbook, resources: readonly ReadResource[], text: YamlText): Problem[] {
  if (runbook.objectives.rpoMs > 0) return [];
  const copied = resources.filter(({ code }) => code.lossMethod !== undefined);
  if (copied.length === 0) return [];
  const path = ['objectives', 'rpo'];
  const message = `0s cannot be met: ${copied.map(({ name }) => name).join(' and ')} ${copied.length === 1 ? 'is' : 'are'} copied asynchronously, so that a failover may always lose the newest writes; set the most that may be lost, e.g. 5m`;
  return [{ ...text.at(path), message: prefix(path) + message, severity: 'error' }];
}

function lintObjectives(runbook: Runbook, resources: readonly ReadResource[], warn: Warn): void {
  const { rpoMs, rtoMs } = runbook.objectives;
  const { decideAfterMs } = runbook;
  if (decideAfterMs !== undefined && decideAfterMs >= rtoMs) {
    warn(['decide', 'after'], `the RTO of ${formatDuration(rtoMs)} is over before a region is left after ${formatDuration(decideAfterMs)}: leave time for the failover itself`);
  }
  runbook.decideAlarms.forEach(({ region, name }, i) => {
    if (region === runbook.home) warn(['decide', 'alarms', i, 'region'], `the alarm ${name} is in the home region, and gives no answer when that is lost: name one in a region that the application does not use`);
  });
  for (const { path, name, resource, code } of resources) {
    if (code.lossMethod?.(resource) === 'replica-lag' && rpoMs > 0 && rpoMs < 2 * MINUTE_MS) {
      warn(['objectives', 'rpo'],
        `an RPO of ${formatDuration(rpoMs)} cannot be proven for ${name} by replica-lag: CloudWatch has one value a minute; ` +
          'expect it to be missed, or set 2m or more');
    }
    const how = code.routing?.(resource).switch;
    if ((how === 'record' || how === 'health-check') && rtoMs < 60 * MINUTE_MS) {
      warn([...path, 'switch'],
        `an RTO of ${formatDuration(rtoMs)} with switch: ${how} needs the Route 53 control plane in ${route53RegionFor(runbook.home)}` +
          `${route53RegionFor(runbook.home) === 'us-east-1' ? ', which was down for hours on 7 December 2021' : ''}; switch: object needs no write to Route 53`);
    }
  }
}

function lintProbes(runbook: Runbook, warn: Warn): void {
  if (runbook.probes.length === 0) warn([], 'no probes: downtime will not be measured and recovery is not seen from outside');
  for (const probe of runbook.probes) {
    const path = ['probes', probe.name];
    if (probe.holdMs < 3 * probe.everyMs) {
      warn([...path, 'hold'], `hold ${formatDuration(probe.holdMs)} is shorter than three samples (every ${formatDuration(probe.everyMs)})`);
    }
    const why = narrowHost(probe, runbook);
    if (why !== undefined) warn([...path, 'http'], why);
  }
}

/** A source is down by two signals: one tells what users get, and one is not seen from the machine that runs dr. */
function lintSignals(runbook: Runbook, resources: readonly ReadResource[], warn: Warn): void {
  if (resources.some(({ code, resource }) => code.routing?.(resource).watched === true)) return;
  const attested = 'a failover will need a named person (--attest-source-down)';
  if (runbook.probes.length === 0) return warn([], `neither a probe nor a health check that watches a region: nothing tells that users are down, so that ${attested}`);
  if (!resources.some(({ code }) => code.showsLoss === true)) {
    warn([], `no health check watches a region, and no replica tells of it: only this machine sees at first that one is lost, so that ${attested}`);
  }
}

/** A record that two resources move: in one zone they undo each other; of two zones this machine sees one only. */
function recordsTwice(resources: readonly ReadResource[], text: YamlText): Problem[] {
  const problems: Problem[] = [];
  const first = new Map<string, { name: string; zone: string }>();
  for (const { path: whole, name, resource, code } of resources) {
    const routing = code.routing?.(resource);
    if (routing === undefined) continue;
    const { zone, records } = routing;
    const path: Path = [...whole, ...routing.path];
    for (const record of records) {
      const key = `${record.name.replace(/\.$/, '')} ${record.type}`;
      const other = first.get(key);
      first.set(key, other ?? { name, zone });
      if (other === undefined || other.name === name) continue;
      const same = other.zone === zone;
      const message = same
        ? `${key} is also a record of traffic.${other.name}: each record belongs to one resource`
        : `${key} is also in the zone of traffic.${other.name}: this machine sees one of the two zones only, and cannot verify the other`;
      problems.push({ ...text.at(path), message: prefix(path) + message, severity: same ? 'error' : 'warning' });
    }
  }
  return problems;
}

/** Why a host does not stand for what users see. */
function narrowHost(probe: RunbookProbe, runbook: Runbook): string | undefined {
  const host = new URL(probe.http).hostname;
  // A URL's host in brackets is IPv6, and one of numbers is always written as four of them.
  if (/^(\[.*\]|\d+(\.\d+){3})$/.test(host)) return `${quote(host)} is an address: it does not follow the traffic switch; use the name that users use`;
  if (host === 'localhost' || host.endsWith('.localhost')) return `${quote(host)} is this machine, not what users see`;
  if (!host.replace(/\.$/, '').includes('.')) return `${quote(host)} is no full name: where it leads depends on the machine that asks`;
  const region = runbook.regions.find(({ id }) => host.split('.').includes(id));
  if (region !== undefined) return `${quote(host)} belongs to ${region.id} alone: it does not follow the traffic switch`;
  return undefined;
}

function lintNotify(runbook: Runbook, warn: Warn): void {
  if (runbook.notify.length === 0) return warn([], 'no notify: nobody is notified when a failover starts or ends');
  const accounts = new Set(runbook.notify.flatMap((n) => (n.type === 'sns' ? Object.values(n.topics).map((arn) => parseArn(arn)?.account ?? '') : [])));
  if (accounts.size > 1) warn(['notify'], `the topics belong to two accounts or more (${[...accounts].join(', ')}): dr uses one account for each application`);
  const topics = runbook.notify.flatMap((n) => (n.type === 'sns' ? Object.keys(n.topics) : []));
  if (topics.length > 0 && topics.every((region) => region === runbook.home) && !runbook.notify.some((n) => n.type === 'slack')) {
    warn(['notify'], `every notifier is in ${runbook.home}, the home region: when it is lost, nobody is notified`);
  }
}

/** `${NAME}`, and what stands in it for a default. */
const VARIABLE = /\$\{[A-Za-z_][^}]*\}/;

/** Values that a reader may take for variables: a runbook is read as it is written. Not those of `steps`: a command that they start may have a shell of its own. */
export function lintVariables(file: Readonly<Record<string, unknown>>, text: YamlText): Problem[] {
  return Object.entries(file).flatMap(([key, value]) => (key === 'steps' ? [] : variablesIn(value, [key], text)));
}

function variablesIn(value: unknown, path: Path, text: YamlText): Problem[] {
  if (typeof value === 'string') {
    const found = VARIABLE.exec(value);
    if (found === null) return [];
    const message = `variables are not expanded: ${printable(found[0], 60)} is used as it stands; write the value itself`;
    return [{ ...text.at(path), message: prefix(path) + message, severity: 'warning' }];
  }
  if (Array.isArray(value)) return value.flatMap((item, i) => variablesIn(item, [...path, i], text));
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, item]) => variablesIn(item, [...path, key], text));
}
