import { describe, expect, it } from 'vitest';
import { planText, beyondTheLine } from '../../src/cli/plan-view.ts';
import { plain } from '../../src/cli/style.ts';
import { criticalPath } from '../../src/plan/critical-path.ts';
import { plan, step } from './fixture.ts';

describe('a plan for people', () => {
  it('shows steps, line, times, changes, control planes and permissions', () => {
    expect(planText(plan(), criticalPath(plan()), plain)).toMatchInlineSnapshot(`
      "failover of shop: Seoul (ap-northeast-2) → Tokyo (ap-northeast-1)
        strategy    warm-standby
        account     111122223333
        runbook     runbooks/shop.yaml (sha256 abababababab)
        objectives  RTO 15m, RPO 1m
        expected    about 6m (p50), 11m (p95) on AWS
        plan        efefefefefef, made 2026-11-20T10:14:00.000Z

      Steps (* on the critical path)
           PHASE    STEP                     WHAT                       P50 / P95      KIND
        *  assess   assess.source            Assess Seoul               0.0 s / 0.0 s  reversible
        *  data     data.orders.gate         RPO gate of orders         0.0 s / 0.0 s  reversible, gate
           compute  compute.api.scale        Scale shop-api             2m / 4m        compensable
        ──── point of no return: every gate is green before anything below starts ────
        *  data     data.orders.promote      Promote shop-orders-tokyo  5m / 10m       point-of-no-return
        *  traffic  traffic.storefront.flip  Flip shop.example.com      1m / 1m        reversible

      Changes
        rds:ap-northeast-1:shop-orders-tokyo  role  replica → primary

      AWS control planes that must answer
        autoscaling@ap-northeast-1  compute.api.scale
        rds@ap-northeast-1          data.orders.promote
        route53@us-east-1           traffic.storefront.flip

      IAM permissions
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Sid": "AutoscalingWrite49e51742",
              "Effect": "Allow",
              "Action": [
                "autoscaling:UpdateAutoScalingGroup"
              ],
              "Resource": [
                "*"
              ]
            },
            {
              "Sid": "RdsWrite5d22c473",
              "Effect": "Allow",
              "Action": [
                "rds:DescribeDBInstances",
                "rds:PromoteReadReplica"
              ],
              "Resource": [
                "arn:aws:rds:ap-northeast-1:111122223333:db:shop-orders-tokyo"
              ]
            },
            {
              "Sid": "Route53Writecc7ed95e",
              "Effect": "Allow",
              "Action": [
                "route53:ChangeResourceRecordSets"
              ],
              "Resource": [
                "*"
              ]
            }
          ]
        }"
    `);
  });

  it('says so when nothing is beyond a point of no return, and when nothing changes', () => {
    const text = planText(plan({ steps: [step('a')] }), criticalPath({ steps: [step('a')] }), plain);
    expect(text).toContain('no step is beyond a point of no return');
    expect(text).not.toContain('────');
  });

  it('warns when the slow case misses the RTO', () => {
    const late = plan({ objectives: { rpoMs: 1000, rtoMs: 300_000 } });
    expect(planText(late, criticalPath(late), plain)).toContain('the p95 is longer than the RTO');
  });
});

describe('the line', () => {
  it('has steps of no return beyond it, and all that wait for one', () => {
    expect([...beyondTheLine(plan().steps)]).toEqual(['data.orders.promote', 'traffic.storefront.flip']);
  });
});
