/**
 * Statuses that an instance can be in while nothing that we model is under way.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html#Overview.DBInstance.Status
 */

/** AWS: it cannot be reached, is not there, or its engine does not run. In every other status the engine serves, and a writer takes writes. */
const CLOSED: ReadonlySet<string> = new Set([
  'creating',
  'deleting',
  'failed',
  'inaccessible-encryption-credentials',
  'inaccessible-encryption-credentials-recoverable',
  'incompatible-create',
  'incompatible-parameters',
  'incompatible-restore',
  'insufficient-capacity',
  'rebooting',
  'restore-error',
  'starting',
  'stopped',
  // "During the storage upgrade, your database engine isn't available": https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.UpgradeFileSystem.html
  'storage-config-upgrade',
  'upgrade_failed',
]);

/** True when nobody can use the database while the instance is in that status. */
export function isClosedStatus(status: string): boolean {
  return CLOSED.has(status);
}
