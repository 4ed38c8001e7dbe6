import { sha256 } from '../base/json.ts';
import { runMode } from './live-effects.ts';

/**
 * The lock that guards an application: one for its name and account. Each lab is a world of its own, so that two of
 * them, or a lab and the real thing, do not wait for each other. `endpoints` are the run's endpoint overrides.
 */
export function lockName(runbook: string, account: string, endpoints: readonly string[]): string {
  if (runMode(account) === 'live') return `${runbook}-${account}`;
  return `${runbook}-lab-${sha256(endpoints.join('\n')).slice(0, 12)}`;
}
