/** Every limit of the tool, with its unit in its name. A wait without one of these is a defect. */
export const LIMITS = {
  /** One attempt of one AWS call, connect to last byte. */
  awsCallMs: 5_000,
  awsAttempts: 4,
  /** First pause between attempts; doubles, with jitter, up to awsBackoffMaxMs. */
  awsBackoffMs: 100,
  awsBackoffMaxMs: 4_000,
  /** One look at something that may be dead: a source region, a probe. */
  signalMs: 2_000,
  probeMs: 2_000,
  dnsMs: 1_500,
  sqlMs: 3_000,
  /** Making a database read-only, with the end of all its sessions. */
  quiesceMs: 20_000,
  /** Results of checks older than this are made again before the first mutation. */
  checkAgeMs: 120_000,
  /** Signals, gates and the fence that are older than that carry no step over the line. */
  decisionAgeMs: 300_000,
  /** From the last look at a step to its request: the record of the intent, and the lock, where a bucket gives no answer. */
  intentMs: 15_000,
  /** Requests to AWS of one `dr check`. */
  checkCalls: 2_000,
  /** One request of a look that people wait for in an outage. */
  hurriedMs: 3_000,
  /** Each part of `dr assess`: what it has not seen by then is unknown. */
  assessPartMs: 12_000,
  /** All calls of one step's check. Each is bounded by itself; where many applications are checked at once they wait for their turn. */
  checkMs: 120_000,
  checksInParallel: 16,
  /** An act that gets no answer is unclear after that. */
  actMs: 30_000,
  /** How long an accepted request may show no sign of itself before it is looked at as if it had not been made. */
  settleMs: 120_000,
  /** One step's undo, with all that it waits for. */
  undoMs: 1_800_000,
  undoAttempts: 3,
  /** What a guard has begun to change when everything else has ended gets so long to show. */
  guardEndMs: 300_000,
  /** A guard ends on a look that is no older; it looks more often than that. */
  guardFreshMs: 15_000,
  /** A switchover before the line waits no longer for a region that gives no answer at all: writes are stopped meanwhile. */
  silenceMs: 900_000,
  /** The last look at an end state: an answer that is missing, or says "not now", is asked for again for so long, and so often. */
  endLookMs: 60_000,
  endPollMs: 2_000,
  /** Success is declared of what all said within so long; the old writer of a planned move is asked for as long right before the line. */
  endFreshMs: 10_000,
  /** A step whose looks have had no answer for so long says so. */
  silenceToldMs: 10_000,
  /** No step waits longer for a region or a service that gives no answer at all; a resume continues. */
  silenceMaxMs: 3_600_000,
  /** Once something was changed: a look that AWS refuses (an expired session, a lost permission) is asked for again for so long. */
  deniedMs: 900_000,
  /** Different reasons of a wait that one step tells. */
  reasonsTold: 20,
  /** A step whose requests AWS turns away for so long, because there are too many, ends in AWS's words. */
  turnedAwayMs: 900_000,
  stepsInParallel: 64,
  stepAttempts: 5,
  /** Between two looks at a state that AWS is changing: a tenth of the wait so far, within these. */
  pollMinMs: 200,
  pollMaxMs: 5_000,
  /** The same before half of the usual time of a change has passed, at most heldMs: a quarter of the wait so far, up to this. */
  pollEarlyMaxMs: 10_000,
  /** So often a step that waits asks whether somebody has taken the run over. */
  heldMs: 10_000,
  /** A run that has written nothing for so long after it took its lock in a bucket holds nothing. */
  beginMs: 120_000,
  runbookBytes: 1_048_576,
  journalRecordBytes: 33_554_432,
  /** One file of a journal; a larger one is none that `dr` wrote. */
  journalBytes: 268_435_456,
  /** A lock, an approval, a list of keys. */
  smallFileBytes: 1_048_576,
  /** Signed approvals of one run; anything more is not looked at. */
  approvalsRead: 200,
  callsJournaledPerStep: 50,
  waitsJournaledPerStep: 200,
} as const;
