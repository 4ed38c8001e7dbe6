import type { LabLedger, LabStatus } from './status.ts';

/**
 * What can be asked of a running lab, in its own process and from another one. A new call is declared here and made in `lab.ts`; the
 * ways between processes carry it by its name.
 */
export interface LabApi {
  status(): Promise<LabStatus>;
  /** Of the users of one application. Default: the first. @throws DrError for a name that is not served */
  ledger(runbook?: string): Promise<LabLedger>;
  /** @throws DrError for an unknown region. */
  breakRegion(region: string): Promise<void>;
  /** Cuts a region off from the other regions; it continues, and users and AWS's callers reach it. @throws DrError for an unknown region. */
  cutNetwork(region: string): Promise<void>;
  heal(region: string): Promise<void>;
  /** Ends every process and removes every file. */
  stop(): Promise<void>;
}

/** Its calls by name; arguments are texts, and only the last one may be left out. */
const LAB_CALLS: { readonly [name in keyof LabApi]: true } = { status: true, ledger: true, breakRegion: true, cutNetwork: true, heal: true, stop: true };

type LabCall = keyof LabApi;

export function isLabCall(name: string): name is LabCall {
  return Object.hasOwn(LAB_CALLS, name);
}

/** The lab, each of whose calls is made by `call`. */
export function labApi(call: (name: LabCall, args: readonly string[]) => Promise<unknown>): LabApi {
  const calls = Object.keys(LAB_CALLS).map((name) => [name, (...args: (string | undefined)[]) => call(name as LabCall, args.filter((arg) => arg !== undefined))]);
  const made: unknown = Object.fromEntries(calls);
  return made as LabApi;
}
