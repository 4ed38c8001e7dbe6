import { DrError } from '../base/errors.ts';
import { Application, type ApplicationOptions } from './application.ts';
import { freePort } from './ports.ts';

const TRIES = 50;

/** One application in each region, all on the same port. */
export class Fleet {
  readonly port: number;
  readonly #applications: ReadonlyMap<string, Application>;

  private constructor(port: number, applications: ReadonlyMap<string, Application>) {
    this.port = port;
    this.#applications = applications;
  }

  /** Finds a port that is free at every region's address. */
  static async start(
    regions: readonly ({ id: string } & Pick<ApplicationOptions, 'address' | 'database' | 'compute'>)[],
  ): Promise<Fleet> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const port = await freePort('127.0.0.1');
      const applications = new Map(
        regions.map(({ id, ...options }) => [id, new Application({ region: id, port, ...options })]),
      );
      const started = await Promise.allSettled([...applications.values()].map((application) => application.start()));
      const failed = started.find((result) => result.status === 'rejected');
      if (failed === undefined) return new Fleet(port, applications);
      await Promise.all([...applications.values()].map((application) => application.kill()));
      const reason = failed.reason as NodeJS.ErrnoException;
      if (reason.code !== 'EADDRINUSE') throw reason;
    }
    throw new DrError({ code: 'LAB_PORT', exit: 'lab', title: `No port is free at every region's address, after ${TRIES} tries.` });
  }

  running(region: string): boolean {
    return this.#applications.get(region)?.running === true;
  }

  async kill(region: string): Promise<void> {
    await this.#applications.get(region)?.kill();
  }

  async restart(region: string): Promise<void> {
    await this.#applications.get(region)?.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#applications.values()].map((application) => application.kill()));
  }
}
