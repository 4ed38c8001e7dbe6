import type { LintFinding } from '../kind.ts';
import type { SharedTraffic } from './schema.ts';

interface RegionMap {
  path: string[];
  regions: string[];
  partial?: boolean;
}

/** The maps that every kind by which several regions answer may have. */
export function sharedRegions(t: SharedTraffic): RegionMap[] {
  const whole = (key: 'object' | 'capacity' | 'answers'): RegionMap[] => (t[key] === undefined ? [] : [{ path: [key], regions: Object.keys(t[key]) }]);
  return [
    ...whole('object'),
    ...whole('capacity'),
    ...(t.kind === 'route53-weighted' ? whole('answers') : []),
    // Where an object lives is a region too, and need not be all of them.
    ...Object.entries(t.object ?? {}).map(([region, { in: home }]) => ({ path: ['object', region], regions: [home], partial: true })),
  ];
}

/** What is unwise in any of them, as far as the runbook alone can tell. */
export function lintShared(t: SharedTraffic, _runbook: unknown): LintFinding[] {
  const warn = (path: string[], message: string): LintFinding => ({ path, message, severity: 'warning' });
  const findings: LintFinding[] = [];
  const unchecked = Object.entries(t.answers ?? {}).filter(([, answer]) => answer.healthCheck === undefined);
  const leavesByItself = ([, answer]: (typeof unchecked)[number]): boolean => 'alias' in answer && answer.alias.evaluateTargetHealth;
  const say = (which: typeof unchecked, what: string): void => {
    if (which.length > 0) findings.push(warn(['answers'], `${which.map(([region]) => region).join(' and ')} ${which.length === 1 ? 'has' : 'have'} ${what}`));
  };
  say(unchecked.filter((one) => !leavesByItself(one)), 'neither a health check nor an alias that evaluates its target: Route 53 would keep sending users into a lost region until a failover is run');
  if (t.switch === 'record') {
    say(
      unchecked.filter(leavesByItself),
      'an alias that evaluates its target, and no health check: Route 53 leaves a lost region by itself but cannot be asked whether it has; without another signal a failover will need a named person (--attest-source-down)',
    );
  }
  if (t.switch === 'health-check' && t.answers !== undefined && Object.values(t.answers).some((answer) => answer.healthCheck === undefined)) {
    findings.push({ path: ['answers'], severity: 'error', message: '`switch: health-check` needs a `healthCheck` of its own in each answer' });
  }
  if (t.switch !== 'object' && t.object !== undefined) findings.push(warn(['object'], `\`object\` is not used by \`switch: ${t.switch}\``));
  if (t.capacity === undefined) findings.push(warn([], 'without `capacity` it is only seen from health checks whether the regions that stay carry the load'));
  return findings;
}
