import type { PolicyDocument } from './policy.ts';

/*
 * Why a resource in a policy is a pattern. What is not in this table must be named exactly: a test holds every printed
 * policy against it. Source: the Service Authorization Reference of each service.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */

export interface Wildcard {
  action: string;
  resource: string;
  why: string;
}

const NO_RESOURCE = 'AWS knows no resource for this action; it is bound to the regions of the runbook';
const LISTS = 'lists: AWS asks for the right to all of them in this region; it only reads';
const ONLY_AWS = 'chosen by AWS or at the moment of the run: its id is not known before';

const REASONS: readonly { actions: RegExp; resource: RegExp; why: string }[] = [
  { actions: /^(ec2:Describe|autoscaling:Describe|elasticloadbalancing:Describe|cloudwatch:(GetMetricData|DescribeAlarms)$|rds:Describe(AccountAttributes|OrderableDBInstanceOptions|Certificates)$|servicequotas:GetServiceQuota$)/, resource: /^\*$/, why: NO_RESOURCE },
  { actions: /^health:DescribeEvents$/, resource: /^\*$/, why: 'AWS knows no resource for this action; it is bound to the two regions in which AWS Health answers' },
  { actions: /^rds:Describe/, resource: /:(db|auto-backup|snapshot|pg|subgrp|og):\*$/, why: LISTS },
  { actions: /^rds:DescribeDBProx/, resource: /:(db-proxy|target-group|db|cluster):\*$/, why: 'the proxies that the runbook names: AWS gives their ids, and those of their target groups, itself; it only reads' },
  { actions: /^rds:/, resource: /:db:[a-z0-9-]+\*?-old-\*$/, why: 'the old instance is kept under a name with the date of the run' },
  { actions: /^rds:(ModifyDBInstance|CreateDBInstanceReadReplica|Restore)/, resource: /:(og|pg|subgrp|snapshot|auto-backup):\*$/, why: ONLY_AWS },
  { actions: /^(rds|autoscaling|ec2):/, resource: /[:/]dr-drill-\*$/, why: 'twins of drills: each drill gives its own a new name' },
  { actions: /^rds:StartDBInstanceAutomatedBackupsReplication$/, resource: /:auto-backup:\*$/, why: ONLY_AWS },
  { actions: /^iam:PassRole$/, resource: /:role\/\*$/, why: 'a role that the runbook does not name: that of Enhanced Monitoring of an instance, or that of a launch template; only to that service' },
  { actions: /^kms:/, resource: /:key\/\*$/, why: 'a key that the runbook does not name: that of an instance, only through RDS of this region; for `dr check` also that of a backup or an image, only to look at' },
  { actions: /^iam:(GetRole|SimulatePrincipalPolicy)$/, resource: /:(role|user)\/\*$/, why: 'the role or user that runs `dr check`, which no runbook names; only to look at' },
  { actions: /^iam:GetInstanceProfile$/, resource: /:instance-profile\/\*$/, why: 'the profile in a launch template, which no runbook names; only to look at' },
  { actions: /^acm:DescribeCertificate$/, resource: /:certificate\/\*$/, why: 'the certificates of the load balancers that the target groups lead to, which no runbook names' },
  { actions: /^route53:GetChange$/, resource: /:change\/\*$/, why: ONLY_AWS },
  { actions: /^route53:(Get|Update)HealthCheck/, resource: /:healthcheck\/\*$/, why: 'the runbook does not name the health checks of all regions: `healthCheck` under `answers` would' },
  { actions: /^autoscaling:/, resource: /:autoScalingGroup:\*:autoScalingGroupName\/[^*]+$/, why: 'the unique id of the group stands before its name' },
  { actions: /^ec2:(RunInstances|CreateTags|StartInstances|StopInstances|TerminateInstances)$/, resource: /^arn:[\w-]+:ec2:[^*]+\/\*$/, why: 'a launch makes it, or its template names it; bound to the template, or to the tags of the runbook or of a drill' },
  { actions: /^s3:/, resource: /^arn:[\w-]+:s3:::[^*]+\/\*$/, why: 'below the prefix of the state' },
];

/** Every pattern of a policy with its reason; one without has none, and is a defect. */
export function wildcardsOf(document: PolicyDocument): (Omit<Wildcard, 'why'> & { why: string | undefined })[] {
  return document.Statement.flatMap(({ Action, Resource }) =>
    Action.flatMap((action) =>
      Resource.filter((resource) => resource.includes('*')).map((resource) => ({
        action,
        resource,
        why: REASONS.find((reason) => reason.actions.test(action) && reason.resource.test(resource))?.why,
      })),
    ),
  );
}
