// The groups of `npm run mutation`. A file that decides, or is evidence, belongs to one: test/docs/mutation.test.ts.

/** What is changed, and the tests that must see it: only those, so that it stays fast. */
export const GROUPS = {
  transitions: {
    mutate: ['src/engine/transitions.ts'],
    tests: ['test/engine/transitions.test.ts', 'test/docs/architecture.test.ts'],
  },
  line: {
    mutate: ['src/engine/{line,end-look}.ts'],
    tests: ['test/engine/{line-decisions,end-look}.test.ts', 'test/refusals/line.test.ts'],
  },
  step: {
    mutate: ['src/engine/{run-step,step-parts,error-records,trace}.ts'],
    tests: ['test/engine/{run-step,step-rules,step-words,ends,late-request,trace,trace-ports,superseded,guard-steps,error-records}.test.ts'],
  },
  run: {
    mutate: ['src/engine/{execute,schedule,probes}.ts'],
    tests: ['test/engine/{execute,ends,schedule,undo,end-look,line-decisions,late-request,guard-steps,probes,impact}.test.ts'],
  },
  guards: {
    mutate: ['src/engine/guards.ts'],
    tests: ['test/engine/{guard-steps,guards}.test.ts'],
  },
  back: {
    mutate: ['src/engine/{undo,acted}.ts'],
    tests: ['test/engine/{undo,acted}.test.ts'],
  },
  checks: {
    mutate: ['src/engine/{checks,preview,guarded}.ts'],
    tests: ['test/engine/{execute,preview,guarded}.test.ts'],
  },
  fold: {
    mutate: ['src/journal/fold.ts'],
    tests: ['test/journal/{fold,fold-notes}.test.ts'],
  },
  journal: {
    mutate: ['src/journal/{journal,chain,requests,state}.ts'],
    tests: ['test/journal/{journal,requests,chain,fold}.test.ts'],
  },
  files: {
    mutate: ['src/journal/{term-files,local-store,strict}.ts'],
    tests: ['test/journal/{torn-files,local-store,local-folder,strict}.test.ts'],
  },
  bucket: {
    mutate: ['src/journal/{s3-state,mirrored-state}.ts'],
    tests: ['test/journal/{s3-state,s3-parts,s3-no-answer,s3-object-lock,mirrored-state,mirrored-parts}.test.ts'],
  },
  term: {
    mutate: ['src/journal/lease.ts'],
    tests: ['test/journal/{lease,lease-parts,local-state}.test.ts'],
  },
  locks: {
    mutate: ['src/app/locks.ts'],
    tests: ['test/app/lock-parts.test.ts'],
  },
  held: {
    mutate: ['src/app/{held-run,abort}.ts'],
    tests: ['test/app/{abort,abort-refusals,give-back,resume}.test.ts'],
  },
  answers: {
    mutate: ['src/aws/{answers,errors,pages}.ts'],
    tests: ['test/aws/{answers,errors,error-parts,pages,retry-classes,sdk-errors,sdk-caller,refused-signature}.test.ts'],
  },
  calls: {
    mutate: ['src/aws/{reliable-caller,sdk-errors,aws-time,sdk-caller,rds,call-options,route53,route53-batches,autoscaling,ec2,elbv2,cloudwatch,identity,pacing}.ts'],
    tests: ['test/aws/*.test.ts', 'test/kinds/ec2/sides.test.ts'],
  },
  loss: {
    mutate: ['src/measure/rpo.ts', 'src/kinds/outage.ts', 'src/kinds/databases/{rpo-gate,loss,verdict}.ts', 'src/kinds/databases/recovery-gate.ts'],
    tests: ['test/measure/rpo.test.ts', 'test/kinds/outage.test.ts', 'test/kinds/databases/{replica,rpo-gate,verdict,loss,weigh,backup-errors,recovery-gate,drafts}*.test.ts', 'test/refusals/{databases,restore}.test.ts', 'test/report/evidence.test.ts'],
  },
  clock: {
    mutate: ['src/measure/{rto,breakdown,probe}.ts'],
    tests: ['test/measure/*.test.ts'],
  },
  gates: {
    mutate: ['src/kinds/databases/{position-gate,standby-gate,fence,cut-off,quarantine,promote}.ts', 'src/kinds/ec2/image-gate.ts'],
    tests: ['test/kinds/databases/{drafts,fence,fence-decisions,fence-again-asked,fence-undo,quarantine,position-gate,standby-gate,replica,promote,promote-decisions,weigh-at-line}.test.ts', 'test/kinds/ec2/image-gate.test.ts', 'test/refusals/{databases,compute}.test.ts'],
  },
  seen: {
    mutate: ['src/kinds/databases/{signals,backup-signal,lag,found-writer,line-position,instance,writer,change,recovery-points}.ts'],
    tests: ['test/kinds/databases/{signals,source-again,earlier-runs,drafts,line-position,change,change-refused,instance,recovery-points,no-answer,in-sync,recovery-gate,promote}.test.ts', 'test/refusals/databases.test.ts'],
  },
  restore: {
    mutate: ['src/kinds/databases/{restore,source-again,restore-settings,carried,option-group}.ts'],
    tests: ['test/kinds/databases/{restore,restore-settings,source-again,option-group,carried,drafts}.test.ts'],
  },
  switchover: {
    mutate: ['src/kinds/databases/{quiesce,open-writes,canary,login}.ts'],
    tests: ['test/kinds/databases/{sql-steps,drafts}.test.ts'],
  },
  standby: {
    mutate: ['src/kinds/databases/{close-old,keep-old,rebuild,standby,fence-again,refusals,offered,vpc}.ts'],
    tests: ['test/kinds/databases/{drafts,fence-decisions,fence-again-asked,fence-undo,close-old,keep-old,rebuild,standby,refusals,offered,vpc}.test.ts', 'test/engine/guards.test.ts'],
  },
  proof: {
    mutate: ['src/kinds/databases/{assertions,unique-keys,resize,replicate-backups}.ts', 'src/kinds/common-steps/{hold-probe,drill-probe,drill-assertion}.ts'],
    tests: ['test/kinds/databases/{assertions,unique-keys,resize,replicate-backups,verbs-errors,sql-engine,replica}.test.ts', 'test/kinds/common-steps/{person-and-hold,drill-probe}.test.ts', 'test/engine/{failover,drill,backup-restore}.test.ts'],
  },
  sides: {
    mutate: ['src/kinds/autoscaling/{health,scale-in,launches}.ts', 'src/kinds/ec2/{stop,register,ours}.ts'],
    tests: ['test/kinds/autoscaling/{health,scale-in,launches}.test.ts', 'test/kinds/ec2/sides.test.ts'],
  },
  groups: {
    mutate: ['src/kinds/autoscaling/scale-out.ts'],
    tests: ['test/kinds/autoscaling/*.test.ts', 'test/engine/scaling.test.ts', 'test/refusals/compute.test.ts'],
  },
  servers: {
    mutate: ['src/kinds/ec2/{launch,launch-reasons,launch-request,start,ready}.ts'],
    tests: ['test/kinds/ec2/*.test.ts', 'test/kinds/autoscaling/launches.test.ts', 'test/engine/{pilot-light,instances-home}.test.ts', 'test/refusals/compute.test.ts'],
  },
  rules: {
    mutate: ['src/kinds/looks.ts', 'src/kinds/route53/batch-rules.ts'],
    tests: ['test/kinds/route53/{looks,batch-rules}.test.ts'],
  },
  records: {
    mutate: ['src/kinds/route53/{settle,shift-records,reach,shift-checks,aim,sets,carry,change-problems,check-types,health-signal,flip-object,zone}.ts'],
    tests: ['test/kinds/route53/{settle,looks,dual-stack,shift-records,as-planned,shift-checks-parts,reach,aim,sets,carry,change-problems,check-types,flip-object,health-signal,zone}.test.ts'],
  },
  'own-twin': {
    mutate: ['src/kinds/twins.ts'],
    tests: ['test/kinds/twins.test.ts'],
  },
  twins: {
    mutate: ['src/kinds/production.ts', 'src/kinds/databases/twin.ts', 'src/kinds/autoscaling/twin.ts', 'src/kinds/ec2/{twin,twin-source,dry-run}.ts', 'src/kinds/route53/twin-record.ts', 'src/plan/drill.ts'],
    tests: ['test/kinds/{twins,production}.test.ts', 'test/kinds/{databases,autoscaling,ec2}/twin.test.ts', 'test/kinds/route53/twin-record.test.ts', 'test/kinds/ec2/{twin-source,dry-run}.test.ts', 'test/plan/drill.test.ts', 'test/engine/{drill,drill-instances}.test.ts', 'test/refusals/{drill,drill-instances}.test.ts', 'test/app/drill-custom-steps.test.ts'],
  },
  people: {
    mutate: ['src/model/signals.ts', 'src/approvals/judge.ts', 'src/kinds/common-steps/{assess-users,judge-source,source-healthy,approval,flap-guard}.ts'],
    tests: ['test/approvals/judge.test.ts', 'test/model/signals.test.ts', 'test/kinds/common-steps/{assess,flap-guard,person-and-hold,approval,source-healthy}.test.ts', 'test/refusals/people.test.ts'],
  },
  signatures: {
    mutate: ['src/approvals/{people,statement,sign-off,signature,public-key,ssh-wire}.ts'],
    tests: ['test/approvals/{signature,sign-off,judge}.test.ts'],
  },
  own: {
    mutate: ['src/kinds/custom/*.ts', 'src/kinds/own-steps/*.ts'],
    tests: ['test/kinds/custom/*.test.ts', 'test/kinds/common-steps/person-and-hold.test.ts', 'test/app/drill-custom-steps.test.ts'],
  },
};
