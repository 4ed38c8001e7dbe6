import * as z from 'zod';
import { databaseDrill, isAskable, NOT_ASKABLE } from './assertions.ts';
import { dbInstanceId, perRegion, securityGroupId } from '../common.ts';
import { canaryFields, quarantineGroups } from './login.ts';
import { proxyField, reachabilityField } from './way-in.ts';

const dbInstanceClass = z.string().regex(/^db\.[a-z0-9-]+\.[a-z0-9]+$/, 'expected an instance class such as db.r6g.large');

/* What a runbook says of a database with a read replica in another region. */

export const schema = z.strictObject({
  kind: z.literal('rds-read-replica'),
  instances: perRegion(dbInstanceId).describe('DB instance identifier in each region'),
  rpo: z
    .strictObject({ method: z.literal('replica-lag').describe('The only method of this kind') })
    .default({ method: 'replica-lag' })
    .describe('How the loss of a promotion is bounded: by the CloudWatch metric ReplicaLag'),
  fence: z
    .strictObject({ quarantine: quarantineGroups })
    .optional()
    .describe('A security group without inbound rules in each region: an old writer that still answers is put into it'),
  securityGroups: perRegion(z.array(securityGroupId).min(1))
    .optional()
    .describe('Security groups of a rebuilt instance in each region. Default: those of the old one, unless it is in quarantine'),
  instanceClass: z
    .strictObject({ active: dbInstanceClass.describe('Of the writer'), standby: dbInstanceClass.describe('Of the replica') })
    .optional()
    .describe('Instance class where users are, and where the replica waits. Default: left as it is'),
  retentionDays: z
    .int()
    .min(1)
    .max(35)
    .optional()
    .describe('Days for which backups of the writer are kept. Default: as those of the replica, else of a writer that answers; else AWS keeps them for one day'),
  canary: canaryFields
    .optional()
    .describe('The SQL login of the owner: a row is written and read back after the promotion, and a switchover stops writes by it'),
  proxy: proxyField,
  reachability: reachabilityField,
  drill: databaseDrill.optional(),
}).refine(isAskable, NOT_ASKABLE);

export type RdsReadReplica = z.infer<typeof schema>;
