import { describe, expect, it } from 'vitest';
import { cannotWrite, dbInstanceState } from '../../../src/aws/states/rds.ts';

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html */
const DOCUMENTED = `available backing-up configuring-enhanced-monitoring configuring-iam-database-auth configuring-log-exports
  converting-to-vpc creating delete-precheck deleting failed inaccessible-encryption-credentials
  inaccessible-encryption-credentials-recoverable incompatible-create incompatible-network incompatible-option-group
  incompatible-parameters incompatible-restore insufficient-capacity maintenance modifying moving-to-vpc rebooting
  resetting-master-credentials renaming restore-error starting stopped stopping storage-config-upgrade storage-full
  storage-initialization storage-optimization upgrading`.split(/\s+/);

describe('DBInstanceStatus', () => {
  it('has a meaning for every value that AWS documents', () => {
    expect(DOCUMENTED.filter((status) => !dbInstanceState(status).listed)).toEqual([]);
  });

  it('says of few states that nobody can write', () => {
    const out = Object.keys(dbInstanceState.states).filter((status) => cannotWrite(dbInstanceState(status)));
    expect(out).toEqual([
      'failed',
      'inaccessible-encryption-credentials',
      'inaccessible-encryption-credentials-recoverable',
      'incompatible-create',
      'incompatible-restore',
      'insufficient-capacity',
      'stopped',
    ]);
  });

  it.each([undefined, '', 'constructor', 'quantum-leaping', 'Available'])('knows nothing of %j', (status) => {
    const state = dbInstanceState(status);
    expect(state).toMatchObject({ listed: false, writes: 'unknown', passing: 'unknown', ask: 'try', promote: 'try' });
    expect(state.shown).toBe(status === undefined || status === '' ? 'in no known status' : status);
    expect(cannotWrite(state)).toBe(false);
  });
});
