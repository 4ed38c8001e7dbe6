import * as z from 'zod';
import { regionOfArn } from '../base/arn.ts';
import { STRATEGIES } from '../model/verb.ts';
import { asserts, httpAssertionFields } from '../kinds/http-assertion.ts';
import { durationField } from '../kinds/common.ts';
import { envField, httpField, lineField, nameField, objectiveField, regionField, topicArnField } from './fields.ts';
import { messageOf } from '../base/errors.ts';
import { fingerprint, readPublicKey } from '../approvals/public-key.ts';
import { RUNBOOK_PHASES } from '../model/step.ts';

const MINUTE_MS = 60_000;

/** The regions of an application. Exactly one is home: where it runs when nothing is wrong. */
export const regionsSchema = z
  .record(
    regionField(),
    z.strictObject({
      name: lineField('the name that people use for the region, e.g. Tokyo').describe('What people call the region'),
      home: z.boolean('expected true or false').optional().describe('Where the application runs when nothing is wrong'),
    }),
    'expected a map of regions, e.g. ap-northeast-1: { name: Tokyo }',
  )
  .superRefine((regions, ctx) => {
    const names = Object.keys(regions);
    const refuse = (path: PropertyKey[], message: string) => ctx.addIssue({ code: 'custom', path, message });
    if (names.length < 2) refuse([], `expected two regions or more; ${names.length} cannot stand in for a lost one`);
    const homes = names.filter((name) => regions[name]?.home === true);
    if (homes.length === 0) refuse([], 'no region is home: add home: true to the one where the application runs normally');
    for (const second of homes.slice(1)) refuse([second, 'home'], `a second home: ${String(homes[0])} is home already`);
  });

function httpStatus(example: number) {
  const wanted = `expected an HTTP status, e.g. ${example}`;
  return z.int(wanted).min(100, wanted).max(599, wanted);
}

const probeSchema = z.strictObject({
  http: httpField().describe('Asked from outside, as a user would'),
  expect: z
    .strictObject({
      status: httpStatus(200).default(200).describe('HTTP status that counts as good'),
      standby: httpStatus(503).optional().describe('HTTP status of the standby while its database is a replica: a drill asks for it, and fails at another one. Without it, a drill judges only that the standby answers'),
      body: z.string('expected a text').min(1, 'expected a text').max(1024).optional().describe('Must be part of the answer'),
    })
    .prefault({})
    .describe('What counts as a good answer'),
  every: durationField({ min: 100, max: 5 * MINUTE_MS, range: 'a duration from 100ms to 5m' })
    .prefault('1s')
    .describe('Time between two samples'),
  hold: durationField({ min: 0, max: 60 * MINUTE_MS, range: 'a duration from 0s to 1h' })
    .prefault('30s')
    .describe('How long it must answer well before a failover counts as done'),
});

const notifySchema = z.union([
  z.strictObject({
    slack: z.strictObject({ webhookEnv: envField('SLACK_WEBHOOK_URL').describe('Environment variable that holds the URL') }).describe('A Slack channel, by its incoming webhook'),
  }),
  z.strictObject({
    sns: z
      .record(regionField(), topicArnField(), 'expected a map of region to topic ARN')
      .superRefine((topics, ctx) => {
        if (Object.keys(topics).length === 0) ctx.addIssue({ code: 'custom', message: 'expected at least one region' });
        for (const [region, arn] of Object.entries(topics)) {
          const other = regionOfArn(arn);
          if (other !== undefined && other !== region) {
            ctx.addIssue({ code: 'custom', path: [region], message: `expected a topic in ${region}; this one is in ${other}` });
          }
        }
      })
      .describe('Amazon SNS: region to topic ARN; the topic of the target region is used'),
  }),
]);

const KEY_WANTED = 'expected a public key, e.g. "ssh-ed25519 AAAA… alice@example.com"';

function keyField() {
  return z
    .string(KEY_WANTED)
    .min(1, KEY_WANTED)
    .max(4_096, 'expected a key of at most 4096 characters')
    .superRefine((text, ctx) => {
      const refuse = (message: string) => ctx.addIssue({ code: 'custom', message });
      if (text.includes('PRIVATE KEY')) return refuse('expected a public key: this is a private one, and must be replaced');
      try {
        readPublicKey(text);
      } catch (error) {
        refuse(`${KEY_WANTED}: ${messageOf(error)}`);
      }
    });
}

/** Undefined of a key that is refused elsewhere. */
function printOf(key: string): string | undefined {
  try {
    return fingerprint(readPublicKey(key));
  } catch {
    return undefined;
  }
}

const PERSON = 'a person, e.g. incident-commander@example.com';

const personField = z.union([
  lineField(PERSON),
  z.strictObject({
    name: lineField(PERSON).describe('Who; compared with the name of anyone who begins a run'),
    keys: z.array(keyField(), 'expected a list of public keys').min(1, 'expected at least one key, or a name alone').describe('Public keys: lines of OpenSSH, or ed25519 as PEM'),
  }),
]);

const approvalSchema = z
  .strictObject({
    before: z.enum(['point-of-no-return', ...RUNBOOK_PHASES.filter((phase) => phase !== 'assess')]).describe('What needs the approval: the line, or a phase'),
    from: z
      .array(personField, 'expected a list of people, e.g. [ann@example.com, ben@example.com]')
      .min(1, 'expected at least one person: nobody could ever approve')
      .describe('Who may approve. With keys, only signatures count (dr approve); without, names that are claimed with --approved-by'),
    quorum: z.int('expected a whole number').min(1, 'expected at least 1').describe('How many of them must approve'),
    wait: durationField({ min: 10_000, max: 6 * 3_600_000, range: 'a duration from 10s to 6h' })
      .prefault('15m')
      .describe('How long a run waits for signatures before it pauses'),
  })
  .superRefine(({ from, quorum }, ctx) => {
    const refuse = (path: PropertyKey[], message: string) => ctx.addIssue({ code: 'custom', path, message });
    const people = from.map((person) => (typeof person === 'string' ? { name: person, keys: [] } : person));
    const names = new Set(people.map(({ name }) => name));
    if (names.size < people.length) refuse(['from'], 'the same person stands here twice');
    else if (names.size > 0 && quorum > names.size) refuse(['quorum'], `expected at most ${names.size}, the number of people in from`);
    const signing = people.filter(({ keys }) => keys.length > 0);
    if (signing.length > 0 && signing.length < people.length) {
      const without = people.filter(({ keys }) => keys.length === 0).map(({ name }) => name);
      refuse(['from'], `expected keys for everybody or for nobody; without: ${without.join(', ')}`);
    }
    const prints = signing.flatMap(({ name, keys }) => keys.flatMap((key) => printOf(key) ?? []).map((print) => ({ name, print })));
    const other = prints.find(({ name, print }) => prints.some((one) => one.print === print && one.name !== name));
    if (other !== undefined) refuse(['from'], `the key ${other.print} stands for two people: one could approve as both`);
  });

/** Who must agree, and to what. */
const approvalsField = z.array(approvalSchema, 'expected a list of approvals, e.g. [{ before: point-of-no-return, from: [ann@example.com], quorum: 1 }]');

const DAY = 'a day, e.g. 2027-03-31';

/** In the calendar: there is no 31 February. */
function isDay(day: string): boolean {
  const at = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}

/** Findings of `dr check` that somebody has decided to live with, and until when. */
const acceptsField = z.array(
  z.strictObject({
    rule: z
      .string('expected the name of a rule, as `dr check` prints it')
      .regex(/^[a-z][a-z0-9-]{1,63}$/, 'expected the name of a rule, as `dr check` prints it, e.g. multi-az')
      .describe('Rule of the finding, as `dr check` prints it'),
    resource: lineField('what the finding is about, as `dr check` prints it').optional().describe('Only of this resource, as `dr check` prints it. Default: of all'),
    owner: lineField('who answers for it').describe('Who has accepted it, and answers for it'),
    until: z
      .string(`expected ${DAY}`)
      .regex(/^\d{4}-\d{2}-\d{2}$/, `expected ${DAY}`)
      .refine(isDay, `expected ${DAY}`)
      .describe('Last day (UTC) on which it is accepted'),
    why: lineField('the reason').optional().describe('The reason'),
  }),
  'expected a list, e.g. [{ rule: multi-az, owner: "shop-lead@example.com", until: 2027-03-31 }]',
);

export type Accepted = z.output<typeof acceptsField>[number];

/** A resource before its kind has read it. */
const resourceSchema = z.looseObject(
  { kind: z.string('expected the name of a kind') },
  'expected a resource, e.g. { kind: rds-read-replica, … }',
);

function section(what: string) {
  return z
    .record(nameField(), resourceSchema, `expected a map of ${what}, each with its kind`)
    .superRefine((map, ctx) => {
      if (Object.keys(map).length === 0) ctx.addIssue({ code: 'custom', message: `expected at least one of the ${what}, or leave the key out` });
    })
    .optional();
}

/** Custom steps before their kinds have read them. */
const ownSteps = z
  .record(
    nameField(),
    z.looseObject({ kind: z.string('expected the name of a kind') }, 'expected a step, e.g. { kind: wait, after: compute, for: 30s, limit: 1m }'),
    'expected a map of steps, each with its kind',
  )
  .superRefine((map, ctx) => {
    if (Object.keys(map).length === 0) ctx.addIssue({ code: 'custom', message: 'expected at least one step, or leave the key out' });
  });

/** The runbook as people write it, except for what its kinds know. */
export const runbookSchema = z.strictObject(
  {
    runbook: nameField().describe('Name of the application; typed to confirm a failover'),
    description: lineField('one line of text').optional().describe('What the application is'),
    owner: lineField('who answers for the application, e.g. shop-oncall@example.com').describe('Who answers for it'),
    strategy: z.enum(STRATEGIES).describe('How the standby side is kept'),
    objectives: z
      .strictObject(
        {
          rpo: objectiveField(0, '0s').describe('How much of the newest data may be lost, with its unit'),
          rto: objectiveField(1000, '1s').describe('How long the application may be down, with its unit'),
        },
        'expected { rpo, rto }, e.g. { rpo: 5m, rto: 15m }',
      )
      .describe('What recovery must achieve'),
    regions: regionsSchema.describe('Every region of the application; exactly one is home'),
    databases: section('databases').describe('What holds data'),
    compute: section('compute groups').describe('What runs the application'),
    traffic: section('traffic switches').describe('What leads users to a region'),
    probes: z
      .record(nameField(), probeSchema, 'expected a map of probes, e.g. home-page: { http: "https://…" }')
      .optional()
      .describe('What users see, asked from outside during the whole run'),
    drill: z
      .strictObject(
        {
          assertions: z
            .array(z.strictObject({ ...httpAssertionFields, http: httpField().describe('Address that users ask for; the drill asks the standby for it') }).refine(asserts, 'expected at least one of `status`, `contains` and `headers`'))
            .min(1)
            .max(20)
            .superRefine((all, ctx) => all.forEach(({ name }, i) => all.findIndex((other) => other.name === name) < i && ctx.addIssue({ code: 'custom', path: [i, 'name'], message: `${name} stands here twice` })))
            .describe('What the standby must answer'),
        },
        'expected { assertions }',
      )
      .optional()
      .describe('What a drill asks of the standby, beside the probes'),
    approvals: approvalsField.optional().describe('Who must agree, and to what'),
    flapGuard: durationField({ min: MINUTE_MS, max: 7 * 24 * 60 * MINUTE_MS, range: 'a duration from 1m to 7d' })
      .prefault('1h')
      .describe('No second move, and no way back, for that long after a move, unless it is acknowledged'),
    decide: z
      .strictObject(
        {
          after: durationField({ min: 1000, max: 24 * 60 * MINUTE_MS, range: 'a duration from 1s to 24h' }).optional().describe('How long users may suffer before `dr assess` recommends to leave a region'),
          alarms: z
            .array(z.strictObject({ region: regionField().describe('Where it is; best a region that the application does not use'), name: z.string().min(1).max(255).describe('Its name') }, 'expected { region, name }'))
            .max(20)
            .optional()
            .describe('CloudWatch alarms that say that users are not served, e.g. that of a canary in a third region; `dr assess` takes them for one more observer'),
          health: z.boolean().optional().describe('Whether `dr assess` also asks the AWS Health API; it answers only accounts with a Business, Enterprise On-Ramp or Enterprise support plan, or one of those that replace them'),
        },
        'expected { after, alarms, health }, e.g. { after: 10m }',
      )
      .optional()
      .describe('When to leave a region: agreed before anybody is under pressure'),
    notify: z.array(notifySchema, 'expected a list of notifiers, e.g. [{ slack: { webhookEnv: SLACK_WEBHOOK_URL } }]').optional().describe('Who is notified'),
    dependsOn: z
      .array(nameField(), 'expected a list of runbooks, e.g. [identity]')
      .superRefine((names, ctx) => {
        names.forEach((name, i) => {
          if (names.indexOf(name) < i) ctx.addIssue({ code: 'custom', path: [i], message: `${name} stands here twice` });
        });
      })
      .optional()
      .describe('Runbooks of the same folder that are failed over before this one'),
    accepts: acceptsField.optional().describe('Findings of `dr check` that are accepted for a time'),
    steps: ownSteps.optional().describe('Steps of your own, before or after a phase'),
  },
  'expected a map with the keys runbook, owner, strategy, objectives and regions',
);

export type RunbookFile = z.output<typeof runbookSchema>;
