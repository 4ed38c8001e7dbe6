/** The one table of exit codes. Printed by `dr --help`, used by every command. A number, once released, never changes its meaning. */
export const EXIT = {
  ok: 0,
  bug: 1,
  usage: 2,
  runbook: 3,
  refused: 4,
  declined: 5,
  failed: 6,
  interrupted: 7,
  objectiveMissed: 8,
  busy: 9,
  aws: 10,
  journal: 11,
  lab: 12,
  notMeasured: 13,
  changes: 14,
  notReady: 15,
  notVerified: 16,
  leftBehind: 17,
  unclear: 18,
} as const;

export type ExitName = keyof typeof EXIT;

/** What each exit code means, in the order in which help prints them. */
export const EXIT_MEANING: Record<ExitName, string> = {
  ok: 'done, and every objective that was measured is met',
  bug: 'a defect in dr itself; please report it',
  usage: 'the command line is wrong: flag, region or run not known',
  runbook: 'a runbook is missing or not valid',
  refused: 'a check or a gate refused; nothing irreversible was done by this run after the refusal',
  declined: 'not confirmed',
  failed: 'a step failed; `dr resume` continues from there',
  interrupted: 'stopped by a signal; `dr resume` continues from there',
  objectiveMissed: 'the application is recovered, but RTO or RPO was missed',
  busy: 'another run holds this application',
  aws: 'no usable credentials, or AWS did not answer where it is needed',
  journal: 'the journal is damaged or cannot be written',
  lab: 'the lab could not start, or is not running',
  notMeasured: 'the application is recovered, but RTO or RPO could not be measured',
  changes: '`dr plan --detailed-exitcode`: there is something to do (0: nothing); `dr assess`, `dr watch`: it recommends a failover (0: to stay)',
  notReady: '`dr check`: a failover would be refused, would fail, or would miss an objective; `dr rehearse --prove`: a planted trouble was neither refused nor recovered from',
  notVerified: '`dr verify`: something was changed, is missing or cannot be checked',
  leftBehind: 'twins of a drill are there: it could not delete them, was asked to keep them, or was killed; `dr drill clean` deletes them',
  unclear: '`dr assess`, `dr watch`: what was seen is not enough to recommend anything',
};
