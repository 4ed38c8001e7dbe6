import * as z from 'zod';
import { regionOfArn } from '../../base/arn.ts';
import { databaseDrill, isAskable, NOT_ASKABLE } from './assertions.ts';
import { dbInstanceId, perRegion, securityGroupId } from '../common.ts';
import { canaryFields, quarantineGroups } from './login.ts';
import { proxyField } from './way-in.ts';

/** RDS stores the names of its groups in lower case. */
const groupName = z.string().regex(/^[A-Za-z][A-Za-z0-9_. -]{0,254}$/, 'expected the name of a group, e.g. archive-pg17').toLowerCase();

/** Of every engine. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html */
const LOGS = ['postgresql', 'upgrade', 'iam-db-auth-error', 'audit', 'error', 'general', 'slowquery', 'alert', 'listener', 'trace', 'oemagent', 'agent', 'diag.log', 'notify.log'] as const;

/** What AWS replaces by a default unless a restore says it. */
export const restoreSettings = z.strictObject({
  class: z.string().regex(/^db\.[a-z0-9-]+\.[a-z0-9]+$/, 'expected a DB instance class such as db.r6g.large').describe('DB instance class'),
  subnetGroup: groupName.describe('DB subnet group'),
  securityGroups: z.array(securityGroupId).min(1, 'expected at least one security group').describe('Security groups once it is open'),
  parameterGroup: groupName.describe('DB parameter group'),
  optionGroup: z
    .string()
    .regex(/^[A-Za-z](?:-?[A-Za-z0-9])*$/, 'expected the name of an option group, e.g. archive-oracle')
    .toLowerCase()
    .optional()
    .describe('Option group of that region. Needed if the database uses one that is not default:…: options such as Timezone or TDE cannot be removed'),
  iamAuthentication: z.boolean('expected true or false').optional().describe('IAM database authentication. Default: off'),
  publiclyAccessible: z.boolean('expected true or false').optional().describe('A public address. Default: no'),
  copyTagsToSnapshot: z.boolean('expected true or false').optional().describe('Copy the tags of the instance to its snapshots. Default: no'),
  deletionProtection: z.boolean('expected true or false').optional().describe('Deletion protection. Default: off'),
  logExports: z.array(z.enum(LOGS)).min(1, 'expected at least one log').optional().describe('Logs that go to CloudWatch Logs, as its engine names them, e.g. [postgresql]. Default: none'),
  multiAz: z.boolean('expected true or false').describe('Multi-AZ'),
  retentionDays: z.int().min(1, 'expected 1 to 35: without backups there would be no way home').max(35).describe('Days that its own backups are kept'),
});
export type RestoreSettings = z.infer<typeof restoreSettings>;

const kmsKey = z.string().regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)\/[\w/-]+$/, 'expected the ARN of a KMS key');

export const schema = z
  .strictObject({
    kind: z.literal('rds-backup'),
    instances: perRegion(dbInstanceId).describe('DB instance identifier in each region; only that of the active region exists'),
    rpo: z
      .strictObject({ method: z.literal('restorable-time').describe('The only method of this kind') })
      .default({ method: 'restorable-time' })
      .describe('How the loss of a restore is bounded: by the age of the recovery point at the outage'),
    restore: perRegion(restoreSettings).describe('Settings of an instance restored in that region. The original may be lost: they are named here'),
    kmsKeys: perRegion(kmsKey).optional().describe('Key of each region with which backups that are replicated into it are encrypted: for reprotect'),
    fence: z
      .strictObject({ quarantine: quarantineGroups })
      .optional()
      .describe('A security group without inbound rules in each region: for an old writer that still answers, and for a restored instance until it is opened'),
    canary: canaryFields
      .optional()
      .describe('A row written and read back once the restored instance is open'),
    proxy: proxyField,
    drill: databaseDrill.optional(),
  })
  .refine(isAskable, NOT_ASKABLE)
  .superRefine((db, ctx) => {
    for (const [region, arn] of Object.entries(db.kmsKeys ?? {})) {
      const other = regionOfArn(arn);
      if (other !== region) ctx.addIssue({ code: 'custom', path: ['kmsKeys', region], message: `expected a key in ${region}; this one is in ${other ?? ''}` });
    }
    for (const [region, quarantine] of Object.entries(db.fence?.quarantine ?? {})) {
      const at = db.restore[region]?.securityGroups.indexOf(quarantine) ?? -1;
      if (at >= 0) ctx.addIssue({ code: 'custom', path: ['restore', region, 'securityGroups', at], message: `${quarantine} is the quarantine group: it lets nobody in` });
    }
  });

export type RdsBackup = z.infer<typeof schema>;
