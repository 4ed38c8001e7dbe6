/** A small valid runbook with one warning-free entry of everything; tests change lines of it. */
export const VALID = `runbook: shop
owner: shop-oncall@example.com
strategy: warm-standby
objectives: { rpo: 5m, rto: 90m }
regions:
  ap-northeast-2: { name: Seoul, home: true }
  ap-northeast-1: { name: Tokyo }
databases:
  orders:
    kind: rds-read-replica
    instances: { ap-northeast-2: shop-orders, ap-northeast-1: shop-orders-tokyo }
    fence:
      quarantine: { ap-northeast-2: sg-0aaaaaaaaaaaaaaaa, ap-northeast-1: sg-0bbbbbbbbbbbbbbbb }
compute:
  api:
    kind: auto-scaling-group
    groups: { ap-northeast-2: shop-api, ap-northeast-1: shop-api }
    active: { min: 4, desired: 6, max: 12 }
    standby: { min: 1, desired: 2, max: 12 }
traffic:
  storefront:
    kind: route53-failover
    zone: Z0123456789ABCDEFGHIJ
    record: { name: shop.example.com, type: A }
    sets: { ap-northeast-2: seoul, ap-northeast-1: tokyo }
    switch: record
probes:
  home-page: { http: "https://shop.example.com/healthz", every: 1s, hold: 30s }
approvals:
  - before: point-of-no-return
    from: [incident-commander@example.com, shop-lead@example.com]
    quorum: 1
notify:
  - slack: { webhookEnv: SLACK_WEBHOOK_URL }
  - sns: { ap-northeast-1: "arn:aws:sns:ap-northeast-1:111122223333:dr" }
`;

/** The valid runbook with one part replaced; throws when the part is not there, so that no test passes by accident. */
export function edited(from: string, to: string): string {
  if (!VALID.includes(from)) throw new Error(`the fixture does not contain ${from}`);
  return VALID.replace(from, () => to);
}
