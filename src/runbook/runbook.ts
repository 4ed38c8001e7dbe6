import type { HttpAssertion } from '../kinds/http-assertion.ts';
import type { Accepted, RunbookFile } from './schema.ts';
import type { Approver } from '../approvals/people.ts';
import type { PlanContext } from '../model/kind.ts';
import type { Section, Strategy } from '../model/verb.ts';
import type { Frame, OwnDraft } from '../kinds/own-steps/frame.ts';
import type { Phase } from '../model/step.ts';
import type { Position, Problem } from './problem.ts';

interface RunbookRegion {
  /** e.g. `ap-northeast-1` */
  id: string;
  /** e.g. `Tokyo` */
  name: string;
  home: boolean;
}

/** One entry of `databases`, `compute` or `traffic`. */
export interface RunbookResource {
  section: Section;
  name: string;
  kind: string;
  /** What the kind's schema made of it: to be given to that kind and to nothing else. */
  resource: unknown;
}

/** One entry of `steps`. */
export interface RunbookStep {
  name: string;
  kind: string;
  /** What all custom steps have: where it stands, how long it may take. */
  frame: Frame;
  /** It changes nothing, whatever its frame says. */
  harmless: boolean;
  /** What its kind will do. */
  draft(ctx: PlanContext): OwnDraft;
}

/** Asked from outside during the whole run. Times in milliseconds. */
export interface RunbookProbe {
  name: string;
  http: string;
  status: number;
  /** Of the standby, while its database is a replica: what a drill expects. */
  standbyStatus?: number;
  /** Must be part of the answer's body. */
  body?: string;
  everyMs: number;
  holdMs: number;
}

interface RunbookApproval {
  /** The line, or a phase. */
  before: 'point-of-no-return' | Exclude<Phase, 'assess'>;
  /** All with keys, or all without: without, an approval is a name on the command line. */
  from: readonly Approver[];
  quorum: number;
  /** How long a run waits for signatures, milliseconds. */
  waitMs: number;
}

type RunbookNotifier =
  /** `webhookEnv` names the environment variable that holds the URL. */
  | { type: 'slack'; webhookEnv: string }
  /** A topic ARN for each region from which one is notified. */
  | { type: 'sns'; topics: Readonly<Record<string, string>> };

/** A valid runbook. Lists are in the order of the file; resources are databases, then compute, then traffic. */
export interface Runbook {
  name: string;
  description?: string;
  owner: string;
  strategy: Strategy;
  objectives: { rpoMs: number; rtoMs: number };
  regions: readonly RunbookRegion[];
  /** Id of the region where the application runs when nothing is wrong. */
  home: string;
  resources: readonly RunbookResource[];
  probes: readonly RunbookProbe[];
  /** What the standby must answer in a drill. */
  drillAssertions: readonly HttpAssertion[];
  approvals: readonly RunbookApproval[];
  /** No other move of the application for that long after one, milliseconds. */
  flapGuardMs: number;
  /** How long users may suffer before `dr assess` recommends to move, milliseconds; absent: as soon as moving helps. */
  decideAfterMs?: number;
  /** Alarms that say that users are not served. */
  decideAlarms: readonly AlarmName[];
  /** Whether AWS Health is asked, which needs a support plan. */
  decideHealth: boolean;
  notify: readonly RunbookNotifier[];
  /** The runbook's custom steps, in the order of the file. */
  steps: readonly RunbookStep[];
  /** Findings of a check that somebody has accepted, in the order of the file. */
  accepts: readonly Accepted[];
  /** Runbooks of the same folder that are failed over before this one. */
  dependsOn: readonly string[];
}

export interface AlarmName {
  region: string;
  name: string;
}

/** A runbook and the file it was read from. */
export interface LoadedRunbook {
  runbook: Runbook;
  /** As given. */
  path: string;
  /** Of the file's bytes. */
  sha256: string;
  /** What does not stop a run but should be read. */
  warnings: readonly Problem[];
  /** Where a value stands in the file, for what only a whole folder can tell. */
  at(path: readonly PropertyKey[]): Position;
}

/** The checked file and the resources that the kinds have read, as one runbook. */
export function toRunbook(file: RunbookFile, resources: readonly RunbookResource[], steps: readonly RunbookStep[]): Runbook {
  const regions = Object.entries(file.regions).map(([id, r]) => ({ id, name: r.name, home: r.home === true }));
  return {
    name: file.runbook,
    ...(file.description === undefined ? {} : { description: file.description }),
    owner: file.owner,
    strategy: file.strategy,
    objectives: { rpoMs: file.objectives.rpo, rtoMs: file.objectives.rto },
    regions,
    home: regions.find((r) => r.home)?.id ?? '',
    resources,
    probes: Object.entries(file.probes ?? {}).map(([name, probe]) => ({
      name,
      http: probe.http,
      status: probe.expect.status,
      ...(probe.expect.standby === undefined ? {} : { standbyStatus: probe.expect.standby }),
      ...(probe.expect.body === undefined ? {} : { body: probe.expect.body }),
      everyMs: probe.every,
      holdMs: probe.hold,
    })),
    drillAssertions: file.drill?.assertions ?? [],
    approvals: (file.approvals ?? []).map(({ before, from, quorum, wait }) => ({
      before,
      from: from.map((person) => (typeof person === 'string' ? { name: person, keys: [] } : person)),
      quorum,
      waitMs: wait,
    })),
    flapGuardMs: file.flapGuard,
    ...(file.decide?.after === undefined ? {} : { decideAfterMs: file.decide.after }),
    decideAlarms: file.decide?.alarms ?? [],
    decideHealth: file.decide?.health ?? false,
    notify: (file.notify ?? []).map((entry) =>
      'slack' in entry ? { type: 'slack', webhookEnv: entry.slack.webhookEnv } : { type: 'sns', topics: entry.sns },
    ),
    steps,
    accepts: file.accepts ?? [],
    dependsOn: file.dependsOn ?? [],
  };
}
