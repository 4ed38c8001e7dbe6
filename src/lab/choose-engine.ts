import { DrError, messageOf } from '../base/errors.ts';
import type { LabDatabases } from './databases.ts';
import { modelEngine } from './model/engine.ts';
import { findBinaries } from './postgres/binaries.ts';
import { postgresEngine } from './postgres/engine.ts';
import type { DatabaseEngine, DatabaseWish } from './server.ts';

/** `model`: never PostgreSQL. `postgres`: nothing else. Unset: PostgreSQL where it runs. */
const ENGINE_VARIABLE = 'DR_LAB_POSTGRES';

/**
 * Starts the databases on PostgreSQL, or where that does not run on the model, whose note then says why.
 * @throws DrError when the variable has another value, or insists on what does not run.
 */
export async function startDatabases(
  databases: LabDatabases,
  wishes: readonly DatabaseWish[],
  addressOf: (region: string) => string,
  folder: string,
  wanted: string | undefined,
): Promise<DatabaseEngine> {
  const onModel = async (why: string) => {
    const engine = modelEngine(why);
    await databases.start(engine, wishes, addressOf);
    return engine;
  };
  if (wanted === 'model') return onModel(`${ENGINE_VARIABLE}=model`);
  if (wanted !== undefined && wanted !== '' && wanted !== 'postgres') {
    throw new DrError({
      code: 'LAB_ENGINE',
      exit: 'lab',
      title: `${ENGINE_VARIABLE}=${wanted} is not known.`,
      next: [`${ENGINE_VARIABLE}=model`, `${ENGINE_VARIABLE}=postgres`],
    });
  }
  const insist = wanted === 'postgres';
  const answer = await findBinaries(folder);
  if ('missing' in answer) {
    if (!insist) return onModel(answer.missing);
    throw new DrError({ code: 'LAB_POSTGRES', exit: 'lab', title: 'PostgreSQL does not run on this machine.', detail: answer.missing, next: [`${ENGINE_VARIABLE}=model`] });
  }
  const engine = postgresEngine(answer.found, folder);
  try {
    await databases.start(engine, wishes, addressOf);
    return engine;
  } catch (error) {
    // An address or a wish that cannot be met is not PostgreSQL's fault, and the model could not meet it either.
    if (insist || !(error instanceof DrError) || error.code !== 'LAB_POSTGRES') throw error;
    return onModel(`${messageOf(error)} ${error.detail ?? ''}`.trim());
  }
}
