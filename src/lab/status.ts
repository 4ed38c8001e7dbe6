import type { WorldSnapshot } from '../simulator/snapshot.ts';
import type { LedgerSummary, LossAudit } from './ledger.ts';

/** What does not change while a lab runs. Plain JSON. */
export interface LabInfo {
  pid: number;
  /** Milliseconds since the epoch, as all times here. */
  startedAt: number;
  runbook: { name: string; path: string };
  /** `model`: PostgreSQL does not run here; `note` says why. Else `note` is its version. */
  engine: { kind: 'postgresql' | 'model'; note: string };
  awsUrl: string;
  /** Address and port of the DNS server. */
  resolver: string;
  applicationPort: number;
  /** The name that users know. */
  host: string;
  home: string;
  /** What another process needs to see this lab: for `dr`, the AWS CLI and any SDK. Holds the database's password. */
  env: Readonly<Record<string, string>>;
}

export interface LabStatus extends LabInfo {
  regions: readonly {
    id: string;
    name: string;
    address: string;
    alive: boolean;
    application: 'up' | 'down';
    brokenAt: number | undefined;
  }[];
  databases: readonly {
    region: string;
    id: string;
    endpoint: string;
    /** `writer`, `replica`, `dead` or `does not answer` */
    state: string;
    /** `open`, `cut` by a quarantine, or `dead` */
    door: string;
  }[];
  users: LedgerSummary;
  world: WorldSnapshot;
}

export interface LabLedger extends LedgerSummary {
  /** By region: when it was last broken. */
  brokenAt: Readonly<Record<string, number>>;
  loss?: LossAudit;
  /** Why there is no `loss`. */
  lossUnknown?: string;
}
