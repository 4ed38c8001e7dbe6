import * as z from 'zod';
import { dbInstanceId, envName, perRegion, securityGroupId, sqlName } from '../common.ts';

/* What a runbook says of a database with a read replica in another region. */

export const schema = z.strictObject({
  kind: z.literal('rds-read-replica'),
  instances: perRegion(dbInstanceId).describe('DB instance identifier in each region'),
  rpo: z
    .strictObject({ method: z.literal('replica-lag') })
    .default({ method: 'replica-lag' })
    .describe('How the loss of a promotion is bounded: by the CloudWatch metric ReplicaLag'),
  fence: z
    .strictObject({ quarantine: perRegion(securityGroupId) })
    .optional()
    .describe('A security group without inbound rules in each region: an old writer that still answers is put into it'),
  canary: z
    .strictObject({
      database: sqlName,
      table: sqlName,
      userEnv: envName,
      passwordEnv: envName,
    })
    .optional()
    .describe('The SQL login of the owner: a row is written and read back after the promotion, and a switchover stops writes by it'),
});

export type RdsReadReplica = z.infer<typeof schema>;
