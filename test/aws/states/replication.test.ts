import { expect, it } from 'vitest';
import { replicationState } from '../../../src/aws/states/rds.ts';

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Monitoring.html */
const DOCUMENTED = ['replicating', 'replication degraded', 'error', 'terminated', 'stopped', 'replication stop point set', 'replication stop point reached'];

it('the status of a replication has a meaning for every value that AWS documents', () => {
  expect(DOCUMENTED.filter((status) => !replicationState(status).listed)).toEqual([]);
});

it('a status that AWS does not document tells nothing', () => {
  expect(replicationState('dreaming')).toMatchObject({ receives: 'unknown', byTrouble: false, listed: false, shown: 'dreaming' });
});
