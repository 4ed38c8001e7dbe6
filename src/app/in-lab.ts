import type { Json } from '../base/json.ts';
import { DrError } from '../base/errors.ts';
import type { CommandRequest, Effects, HttpRequest } from '../effects/effects.ts';
import type { RunMode } from '../journal/events.ts';
import type { RunState } from '../journal/state.ts';
import { stepKind } from '../kinds/common.ts';
import type { Acceptances, AnyStepKind, StepKind, Outside } from '../model/step.ts';
import type { Plan } from '../model/plan.ts';
import { endpointOverrides } from './live-effects.ts';

/*
 * A run in the lab touches nothing but the lab.
 *
 * 1. A step that reaches something else is simulated: nothing is sent, no program is started, nobody is asked.
 * 2. With `--run-custom-steps` the custom steps run. A program then gets the lab's AWS endpoint and its dummy credentials, and none of
 *    the machine's AWS settings.
 * 3. Probes ask addresses of this machine only.
 */

const NOT_RUN = 'simulated: not run in the lab';
const HOW_TO_RUN = `${NOT_RUN} (--run-custom-steps runs it)`;

interface Workshop {
  effects: Effects;
  stepKind: (name: string) => Promise<AnyStepKind>;
}

/** Why a step is not run in the lab; undefined: the lab has what it needs. */
function whySimulated(outside: Outside | undefined, runCustomSteps: boolean): string | undefined {
  if (outside === undefined) return undefined;
  if (outside === 'channel') return NOT_RUN;
  if (outside === 'function') return `${NOT_RUN}: it has no Lambda functions`;
  return runCustomSteps ? undefined : HOW_TO_RUN;
}

/** Nothing of the step happens, and its end says so. */
export function notRun({ params }: StepKind<Json>, because: string): AnyStepKind {
  return stepKind<Json>({
    params,
    check: () => Promise.resolve({ state: 'ok', because }),
    observe: () => Promise.resolve({ state: 'reached', because, simulated: true }),
    made: () => Promise.resolve(false),
  });
}

/** The same workshop outside of the lab; in the lab, one that reaches nothing but the lab. */
export function boundToLab(workshop: Workshop, run: { mode: RunMode; plan: Plan; acceptances: Acceptances }, env: NodeJS.ProcessEnv = process.env): Workshop {
  if (run.mode !== 'lab') return workshop;
  const custom = run.acceptances.customSteps === true;
  return {
    stepKind: async (name) => {
      const kind = await workshop.stepKind(name);
      // All steps of one kind reach the same sort of thing.
      const because = whySimulated(run.plan.steps.find((step) => step.kind === name)?.outside, custom);
      return because === undefined ? kind : notRun(kind, because);
    },
    effects: custom ? forCustomSteps(workshop.effects, run.plan, env) : { ...workshop.effects, http: localHttp(workshop.effects) },
  };
}

function localHttp({ http }: Effects): Effects['http'] {
  return { request: (request) => http.request({ ...request, reach: 'this-machine' }) };
}

/** What custom steps use once a person wants them to run: the lab where it stands in for something, else what is really there. */
function forCustomSteps(effects: Effects, plan: Plan, env: NodeJS.ProcessEnv): Effects {
  const { dns, http, process } = effects;
  const probed = new Set(plan.probes.map((probe) => new URL(probe.http).host));
  const settings = labAwsSettings(env);
  const isLabs = async ({ url, timeoutMs, signal }: HttpRequest): Promise<boolean> => {
    const { host, hostname } = new URL(url);
    return probed.has(host) || (await dns.resolve(hostname, 'A', timeoutMs, signal)).values.length > 0;
  };
  return {
    ...effects,
    http: { request: async (request) => http.request({ ...request, reach: (await isLabs(request)) ? 'this-machine' : 'outside' }) },
    process: { run: (request) => process.run({ ...request, env: { ...withoutAws(request), ...settings } }) },
    // What the lab replaces or takes away counts as set: a check must not ask for it.
    env: (name) => (name.startsWith('AWS_') ? (settings[name] ?? '') : effects.env(name)),
  };
}

function withoutAws({ env }: CommandRequest): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('AWS_')));
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html */
function labAwsSettings(env: NodeJS.ProcessEnv): Record<string, string> {
  const endpoints = endpointOverrides(env).map((text): [string, string] => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]);
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  return {
    // Without any endpoint of the lab, one that nobody listens at: never AWS itself.
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    ...Object.fromEntries(endpoints),
    AWS_ACCESS_KEY_ID: 'lab',
    AWS_SECRET_ACCESS_KEY: 'lab',
    ...(region === undefined ? {} : { AWS_REGION: region, AWS_DEFAULT_REGION: region }),
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** The AWS endpoint is the lab's: then its DNS must be, too, or probes would ask the real application. @throws DrError */
export function refuseHalfLab(mode: RunMode, endpoints: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  if (mode !== 'lab' || endpoints.length === 0 || (env['DR_RESOLVER'] ?? '').trim() !== '') return;
  throw new DrError({
    code: 'LAB_ENV_INCOMPLETE',
    exit: 'lab',
    title: 'AWS_ENDPOINT_URL leads to the lab, and DR_RESOLVER is not set: probes would ask the real application.',
    next: ['eval "$(dr lab env)"'],
  });
}

/** The lab that this environment leads to, for the journal of a run in it. */
export function labIdOf(mode: RunMode, env: NodeJS.ProcessEnv = process.env): { labId?: string } {
  const id = env['DR_LAB'] ?? '';
  return mode === 'lab' && id !== '' ? { labId: id } : {};
}

/** A run belongs to its lab: another one is another world, in which nothing of what the journal says has happened. @throws DrError */
export function refuseOtherLab({ run, labId, plan }: Pick<RunState, 'run' | 'labId' | 'plan'>, env: NodeJS.ProcessEnv = process.env): void {
  if (labId === undefined || env['DR_LAB'] === labId) return;
  const none = (env['DR_LAB'] ?? '') === '';
  throw new DrError({
    code: 'LAB_OF_RUN_GONE',
    exit: 'lab',
    title: none ? `Run ${run} belongs to a lab, and this terminal leads to none.` : `Run ${run} belongs to another lab than the one that this terminal leads to.`,
    detail: 'A lab that has ended does not come back, and its runs end with it.',
    next: [...(none ? ['eval "$(dr lab env)"    if its lab still runs'] : []), `dr ${plan.verb} --region ${plan.target}    starts a new run in the lab that runs now`, `dr report ${run}`],
  });
}
