import type { Sla } from '../model/kind.ts';

/*
 * Percentages below which AWS gives money back, read on 29 November 2026: what AWS aims at, no promise of what will be.
 * https://aws.amazon.com/legal/service-level-agreements/
 */

const RDS = 'https://aws.amazon.com/rds/sla/';
const COMPUTE = 'https://aws.amazon.com/compute/sla/';
const BALANCING = 'https://aws.amazon.com/elasticloadbalancing/sla/';

export function rdsSla(multiAz: boolean): Sla {
  return multiAz ? { what: 'RDS Multi-AZ', percent: 99.95, page: RDS } : { what: 'RDS in one zone', percent: 99.5, page: RDS };
}

/** Two zones or more are the region's own agreement, one is that of an instance. */
export function computeSla(zones: number): Sla {
  return zones > 1 ? { what: 'EC2 in several zones', percent: 99.99, page: COMPUTE } : { what: 'EC2 in one zone', percent: 99.5, page: COMPUTE };
}

export const BALANCER_SLA: Sla = { what: 'load balancer in several zones', percent: 99.99, page: BALANCING };

/** The answers, not the control plane. */
export const DNS_SLA: Sla = { what: 'Route 53 answers', percent: 100, page: 'https://aws.amazon.com/route53/sla/', global: true };
