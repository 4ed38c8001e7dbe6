import * as z from 'zod';
import { CAUSES } from '../measure/breakdown.ts';
import { RTO_PHASES } from '../measure/rto.ts';
import { OUTSIDE, PHASES, SAYS } from '../model/step.ts';
import { VERBS } from '../model/verb.ts';

/** Bumped when a field changes its meaning or goes away. */
export const REPORT_SCHEMA = 'dr.report/3';

const time = z.iso.datetime().describe('ISO 8601, UTC');
const ms = z.number().describe('milliseconds');
const maybeTime = time.nullable().describe('null: not measured, the reason is in `because`');
const maybeMs = ms.nullable().describe('null: not measured, the reason is in `because`');
const strings = z.array(z.string());

const machine = z.strictObject({ start: z.string(), startedAt: ms, id: z.string().optional() }).describe('tells machines of one host name apart');
const person = z.strictObject({ identity: z.string(), user: z.string(), host: z.string(), pid: z.number(), machine: machine.optional() });
const failure = z.strictObject({ code: z.string(), message: z.string(), next: strings });
const refusal = z.strictObject({
  rule: z.string(),
  observed: z.string(),
  ageMs: maybeMs,
  threshold: z.string(),
  consequence: z.string(),
  override: z.string(),
});
const change = z.strictObject({ resource: z.string(), field: z.string(), before: z.string(), after: z.string() });
const figure = z.strictObject({
  ms: maybeMs,
  atLeast: z.boolean().describe('the true figure may be larger'),
  because: z.string(),
});
const causeRow = z.strictObject({ cause: z.enum(CAUSES), ms });

const call = z.strictObject({
  service: z.string(),
  region: z.string(),
  operation: z.string(),
  requestId: z.string().nullable(),
  at: time,
  ms,
  error: z.string().nullable(),
});

const step = z.strictObject({
  id: z.string(),
  title: z.string(),
  kind: z.string(),
  outside: z.enum(OUTSIDE).nullable().describe('what it reaches besides the control planes of AWS'),
  phase: z.enum(PHASES),
  reversibility: z.enum(['reversible', 'compensable', 'point-of-no-return']),
  gate: z.boolean(),
  optional: z.boolean(),
  state: z.enum(['done', 'simulated', 'skipped', 'failed', 'refused', 'undone', 'unmet', 'not-run', 'unfinished']),
  says: z.enum(SAYS).nullable().describe('of a step that only looked: what it saw; null: it does something else, or has not looked'),
  because: z.string(),
  answeredAt: time.nullable().describe('when it last answered; null: never, and `because` is what its check said'),
  check: z.enum(['none', 'passed', 'refused', 'failed']),
  warnings: strings,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  ms: ms.nullable(),
  expected: z.strictObject({ p50Ms: ms, p95Ms: ms, basis: z.string() }),
  attempts: z.number(),
  change: z.enum(['not-requested', 'requested', 'made', 'undone']).describe('what is known of the change that the step makes'),
  requestedAt: time.nullable(),
  acted: z.boolean().describe('the step sent a change of its own; false where it only looked, or found what it wanted'),
  calls: z.array(call),
  callCount: z.number().describe('calls made; more than `calls` holds when the list was cut'),
  waits: z.array(z.strictObject({ cause: z.string(), from: time, to: time })),
  error: failure.nullable(),
  refusal: refusal.nullable(),
});

const request = z.strictObject({
  step: z.string(),
  title: z.string(),
  at: time.nullable().describe('null: another machine requested it'),
  pointOfNoReturn: z.boolean(),
  movesData: z.boolean().describe('a second writer is open where the old one takes writes again'),
  because: z.string().describe('why its end was not seen, where that is known'),
});

const objectiveVerdict = z.enum(['met', 'missed', 'not measured', 'not applicable']);
const objective = z.strictObject({
  name: z.enum(['RTO', 'RPO']),
  objectiveMs: ms,
  actualMs: maybeMs,
  atLeast: z.boolean(),
  verdict: objectiveVerdict,
  because: z.string(),
});

const database = z.strictObject({
  name: z.string(),
  promotion: z.enum(['not-requested', 'requested', 'promoted']).describe('requested: its end was not seen, treat it as done'),
  promoted: z.boolean().nullable().describe('null: a promotion was requested, and its result is not yet known'),
  requestedAt: time.nullable().describe('of a promotion that was requested; null also where another machine did'),
  rpo: z.strictObject({
    boundMs: maybeMs,
    method: z.string(),
    lagMs: ms.nullable(),
    sampledAt: time.nullable(),
    ageMs: ms.nullable(),
    outageAt: time.nullable(),
    because: z.string(),
  }),
  position: z.strictObject({
    by: z.enum(['sql', 'lag-sample', 'not known']),
    at: time.nullable().describe('when it was read; null: it was not read'),
    lsn: z.string().nullable().describe('last replayed position of the write-ahead log'),
    replayedAt: time.nullable().describe('commit time of the last replayed transaction'),
    lagMs: ms.nullable(),
    sampledAt: time.nullable(),
    because: z.string(),
  }).describe('up to where the replica had replayed right before its promotion was asked for'),
  fence: z.strictObject({
    verdict: z.string().nullable(),
    because: z.string(),
    details: strings,
    returnedAt: time.nullable().describe('when the old writer answered again although its copy had taken over: what it took until it was closed is in no other instance. null: it was not seen again so late'),
  }),
  canary: z.strictObject({ verified: z.boolean().nullable(), because: z.string(), details: strings }),
});

const author = z.strictObject({ user: z.string(), host: z.string() });
const issue = z.strictObject({
  number: z.number(),
  title: z.string(),
  owner: z.string(),
  due: z.iso.date(),
  addedAt: time,
  addedBy: author,
  closed: z.strictObject({ at: time, by: author, note: z.string() }).nullable().describe('null: open'),
});
const signOff = z.strictObject({
  name: z.string(),
  at: time,
  comment: z.string(),
  key: z.string().nullable().describe('type and fingerprint; null: the signature fits no key'),
  verified: z.enum(['named', 'key only', 'not valid']).describe('named: the runbook names this key for this person; key only: the signature is right, and who owns the key is for others to say'),
  because: z.string(),
  own: z.boolean().describe('by the person who began the run'),
  records: z.number().describe('covers the first so many records of the journal'),
  head: z.string(),
  report: z.string().describe('SHA-256 of report.json of those records'),
});

const protection = z
  .strictObject({
    state: z.enum(['unprotected', 'restored', 'unchanged']),
    since: time.nullable(),
    because: z.string(),
  })
  .describe('whether another region can take over, as far as this run tells: unprotected since its move, or restored by its reprotect');

const assessment = z.strictObject({
  verdict: z.string().nullable().describe('null: nobody judged whether the source is down'),
  because: z.string(),
  signals: z.array(z.strictObject({ name: z.string(), vantage: z.string(), says: z.string(), because: z.string() })),
});

const lab = z.strictObject({
  postgres: z.enum(['real', 'model']),
  clientDowntimeMs: maybeMs,
  lastGoodAt: maybeTime,
  firstGoodAt: maybeTime,
  acknowledged: z.number(),
  lost: z.number(),
  unreachable: z.number().describe('acknowledged in a region that does not answer and that nobody took over from: they come back with it'),
  lostSpanMs: ms,
  boundHolds: z.boolean().nullable().describe('the RPO bound is not below the true loss; null: there is no bound'),
  breakdown: z.array(causeRow),
});

/** One JSON document that says everything a report says; the page is made from it alone. */
export const EvidenceSchema = z.strictObject({
  schema: z.literal(REPORT_SCHEMA),
  asOf: time.describe('time of the last record: what is said here was known then'),
  madeBy: z.strictObject({ name: z.string(), version: z.string() }).describe('the version of dr that wrote this document; the same version writes the same bytes from the same journal'),
  test: z.strictObject({
    id: z.string(),
    kind: z.enum(['live', 'lab', 'simulated']),
    kindText: z.string(),
    verb: z.enum(VERBS),
    scenario: z.string(),
    live: z.strictObject({ id: z.string(), part: z.enum(['out', 'rebuild', 'home', 'protect']) }).optional().describe('it is a part of a live drill, whose runs share the id'),
    assumptions: strings,
  }),
  verdict: z.strictObject({
    word: z.enum(['met', 'missed', 'not measured', 'failed', 'refused', 'aborted', 'unfinished']),
    sentence: z.string(),
  }),
  scope: z.strictObject({
    runbook: z.strictObject({
      name: z.string(),
      path: z.string(),
      sha256: z.string(),
      git: z.strictObject({ commit: z.string(), dirty: z.boolean() }).nullable(),
    }),
    strategy: z.string(),
    source: z.string(),
    target: z.string(),
    account: z.string(),
    resources: strings,
    plan: z.strictObject({ hash: z.string(), madeAt: z.string(), fingerprint: z.string() }),
  }),
  people: z.strictObject({
    operator: person,
    resumedBy: z.array(person),
    confirmedBy: z.enum(['typed', 'flag', 'lab']),
    approvals: z.array(
      z.strictObject({
        gate: z.string(),
        name: z.string(),
        how: z.enum(['verified', 'claimed']).describe('verified: signed with a key that the runbook names; claimed: a name on the command line'),
        at: time.nullable().describe('when it was signed; null of a claim'),
        expires: time.nullable(),
        key: z.string().nullable().describe('type and fingerprint'),
        signature: z.string().nullable().describe('SHA-256 of the signature'),
      }),
    ),
    approvedBy: strings.describe('names as claimed on the command line, not verified'),
    acceptances: strings,
    participants: z.array(z.strictObject({ name: z.string(), roles: strings })),
  }),
  issues: z.array(issue).describe('what has to be done about what the run showed'),
  signOffs: z.array(signOff),
  protection,
  leftOut: z.array(z.strictObject({ step: z.string(), title: z.string(), how: z.enum(['skipped', 'simulated', 'not-run', 'manual']), because: z.string() })).describe('steps that the run did not do, or that a person did by hand'),
  tool: z.strictObject({ name: z.string(), version: z.string(), node: z.string() }),
  endpoints: strings.describe('AWS endpoint overrides; with any of them it was not a run against AWS itself'),
  objectives: z.array(objective),
  passRule: z.string(),
  clock: z.strictObject({
    phases: z.array(
      z.strictObject({
        phase: z.enum(RTO_PHASES),
        label: z.string(),
        at: maybeTime,
        atOrBefore: z.boolean(),
        because: z.string(),
      }),
    ),
    rtoFromImpact: figure,
    rtoFromStart: figure,
    timeToFailure: figure.nullable(),
    startedAt: time,
    endedAt: time.nullable(),
    lastAt: time,
  }),
  downtime: z.strictObject({
    ms: maybeMs,
    atLeast: z.boolean(),
    because: z.string(),
    from: time.nullable(),
    to: time.nullable(),
    breakdown: z.array(causeRow).describe('adds up to `ms`; empty when that is not measured'),
    stopped: z.array(z.strictObject({ from: time, to: time })).describe('times when nobody ran this run'),
  }),
  assessment,
  databases: z.array(database),
  standbys: z.array(
    z.strictObject({ database: z.string(), region: z.string(), by: z.enum(['replica', 'backups']), id: z.string(), kept: z.string().nullable(), lagMs: ms.nullable(), sampledAt: time.nullable() }),
  ).describe('standbys that the run rebuilt: a replica with this `id`, or backups of the instance `id`; `kept` is the name under which the old instance is kept; `lagMs` is the lag of the replica or the age of the newest restorable time, null until it is known'),
  lab: lab.nullable().describe('what the lab knows from outside; null for any other run'),
  steps: z.array(step),
  requests: z.array(request).describe('changes that were requested and whose end was not seen: treat them as made'),
  changes: z.array(change.extend({ step: z.string(), made: z.enum(['made', 'requested', 'no change needed', 'not made', 'undone']).describe('by this run; requested: its end was not seen'), because: z.string() })),
  deviations: z.array(
    z.strictObject({ step: z.string().nullable(), sort: z.string(), text: z.string(), at: time.nullable() }),
  ),
  probes: z.array(
    z.strictObject({
      name: z.string(),
      http: z.string(),
      everyMs: ms,
      samples: z.number(),
      failed: z.number(),
      changes: z.array(
        z.strictObject({
          at: time,
          up: z.boolean(),
          status: z.number(),
          address: z.string().nullable(),
          error: z.string().nullable(),
        }),
      ),
      changesLeftOut: z.number(),
    }),
  ),
  log: z.array(z.strictObject({ at: time, text: z.string() })),
  resume: z.string().nullable().describe('the command that continues the run; null: there is nothing left to do'),
  next: strings,
  integrity: z.strictObject({ head: z.string(), records: z.number(), text: z.string(), retention: z.string() }),
});

export type Evidence = z.infer<typeof EvidenceSchema>;
export type EvidenceStep = Evidence['steps'][number];
export type EvidenceObjective = Evidence['objectives'][number];

/** The JSON Schema of a report, as shipped in `schema/report.json`. */
export function reportJsonSchema(): unknown {
  return z.toJSONSchema(EvidenceSchema);
}
