import * as z from 'zod';
import { fact } from '../../model/fact.ts';

/** Ids of the instances of a compute resource that were stopped when a run began to start them: an undo stops them again. */
export const startedFact = fact('started', z.array(z.string()));
