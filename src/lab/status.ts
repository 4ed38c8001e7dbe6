import type { WorldSnapshot } from '../simulator/snapshot.ts';
import type { LedgerSummary, LossAudit } from './ledger.ts';

/** What does not change while a lab runs. Plain JSON. */
export interface LabInfo {
  pid: number;
  /** Milliseconds since the epoch, as all times here. */
  startedAt: number;
  runbook: { name: string; path: string };
  runbooks: readonly { name: string; path: string; /** The name that its users know. */ host: string }[];
  /** Which PostgreSQL, and what it stands for. */
  engine: string;
  awsUrl: string;
  resolver: string;
  applicationPort: number;
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
    /** `cut`: no other region reaches it, nor it them. */
    network: 'open' | 'cut';
    application: 'up' | 'down';
    brokenAt: number | undefined;
  }[];
  databases: readonly {
    region: string;
    id: string;
    endpoint: string;
    /** `writer`, `replica`, `dead` or `does not answer` */
    state: string;
    /** `open`, `closed` by a quarantine, or `dead` */
    door: string;
  }[];
  /** Of the first application. */
  users: LedgerSummary;
  usersOf: Readonly<Record<string, LedgerSummary>>;
  world: WorldSnapshot;
}

export interface LabLedger extends LedgerSummary {
  brokenAt: Readonly<Record<string, number>>;
  loss?: LossAudit;
  lossUnknown?: string;
}
