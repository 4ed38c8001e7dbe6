import * as z from 'zod';
import { envName, perRegion, securityGroupId, sqlName } from '../common.ts';

/** The SQL login of a database's owner, as a runbook names it, and the table of the canary row. */
export const canaryFields = z.strictObject({
  database: sqlName.describe('Name of the database'),
  table: sqlName.describe('Table that the row is written to; it is made where it is missing'),
  userEnv: envName.describe('Environment variable that holds the user'),
  passwordEnv: envName.describe('Environment variable that holds the password'),
});

export const quarantineGroups = perRegion(securityGroupId).describe('Id of the security group in each region; it has no inbound rule');
