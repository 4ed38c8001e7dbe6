import type { Refusal } from './step.ts';

/* What a look at an application shows before anybody needs a failover: readiness. */

/**
 * - `error`: a failover would be refused, would fail, or would miss what the runbook promises
 * - `warning`: it would work; less is ready than looks ready
 * - `note`: worth knowing
 */
export const SEVERITIES = ['error', 'warning', 'note'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One thing that is not as a failover needs it. */
export interface Finding {
  /** The rule's name, e.g. `multi-az`; that of a refusal where a run refuses the same. */
  rule: string;
  severity: Severity;
  /** As `Change.resource` names it, e.g. `rds:ap-northeast-1:shop-orders-tokyo`. */
  resource: string;
  /** Where the resource is; empty for a global service. */
  region: string;
  observed: string;
  wanted: string;
  /** What follows where nobody mends it. */
  consequence?: string;
  /** What to do: a command, or a line of the runbook. */
  mend: string;
  /** The page of AWS on which the rule rests. */
  page?: string;
}

/** What a finding says of which resource: the frame that rules about the same thing share. */
export type About = Pick<Finding, 'resource' | 'region'>;

/** A refusal of a run, foreseen. */
export function findingOf(refusal: Refusal, about: About): Finding {
  const { rule, observed, threshold, consequence, override } = refusal;
  return { ...about, rule, severity: 'error', observed, wanted: threshold, consequence, mend: override };
}

/** The worst first, then in the order in which they were found. */
export function bySeverity<F extends Finding>(findings: readonly F[]): F[] {
  return findings.toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

export function atLeast<F extends Finding>(findings: readonly F[], severity: Severity): F[] {
  return findings.filter((one) => SEVERITIES.indexOf(one.severity) <= SEVERITIES.indexOf(severity));
}

/** What a person would know it by: it does not change with time or with what is measured. */
export function keyOfFinding({ rule, resource }: Pick<Finding, 'rule' | 'resource'>): string {
  return `${rule} ${resource}`;
}

type Said = Omit<Finding, 'rule' | 'severity' | keyof About>;

export function finder(about: About): { readonly [S in Severity]: (rule: string, said: Said) => Finding } {
  const of = (severity: Severity) => (rule: string, said: Said): Finding => ({ ...about, rule, severity, ...said });
  return { error: of('error'), warning: of('warning'), note: of('note') };
}
