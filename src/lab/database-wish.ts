import type { DbInstanceSeed } from '../simulator/seeds.ts';
import type { Login } from './server.ts';

/** A database of the runbook: its instances as seeded, and how to log in. */
export interface DatabaseWish {
  seeds: readonly DbInstanceSeed[];
  login: Login;
  /** Identifier in each region, whether an instance of that name is there yet or not. */
  names: Readonly<Record<string, string>>;
}
