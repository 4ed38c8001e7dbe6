import type { RunState } from '../../src/journal/state.ts';
import type { Process } from './process.ts';
import type { SeenCall } from './watch.ts';

/*
 * A decision rests on whole lists. AWS gives a list in pages, and a page says that there is another one: of each process the watch keeps
 * the pages whose next one was not asked for. What was asked for and not answered, or
 * not by AWS, is an error, and no part of a list.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-pagination.html
 */

interface OpenPage {
  /** For people. */
  what: string;
  /** The kind of the step that read it; `state`, or `planning`. */
  kind: string;
  check: boolean;
  at: number;
}

/** By what a page is asked for, and what a page says of the next one. */
const TOKENS = ['NextToken', 'nextToken', 'Marker', 'ContinuationToken'] as const;
const NEXT = ['NextToken', 'nextToken', 'Marker', 'NextMarker', 'NextContinuationToken'] as const;

/** The newest are enough: they explain, and decide nothing. */
const NEWEST_ONLY = new Set(['DescribeScalingActivities']);

/** The lock and the journal are read beside everything else. */
const READING_MS = 10_000;

type Fields = Readonly<Record<string, unknown>>;

export class Pages {
  readonly #open = new Map<Process, Map<string, OpenPage>>();

  /** A request is made: it may be for the next page of a list. */
  asked(process: Process, call: SeenCall): void {
    const input = call.input as Fields;
    const begins = call.operation === 'ListResourceRecordSets' ? input['StartRecordName'] !== undefined : TOKENS.some((name) => input[name] !== undefined);
    if (begins) this.#open.get(process)?.delete(keyOf(call, input));
  }

  answered(process: Process, call: SeenCall, output: unknown, now: number): void {
    if (call.mutation || NEWEST_ONLY.has(call.operation) || isForeign(output)) return;
    const next = nextOf(call, output as Fields);
    if (next === undefined) return;
    const open = this.#open.get(process) ?? new Map<string, OpenPage>();
    this.#open.set(process, open);
    const kind = call.by?.kind ?? 'planning';
    open.set(keyOf(call, next), { what: `${call.service}.${call.operation} of ${call.region} (${kind} ${call.by?.part ?? ''})`, kind, check: call.by === undefined || call.by.part === 'check', at: now });
  }

  /** Lists of the checks, and of what was looked at for the plan, that were not read to their end. */
  ofChecks(process: Process): string[] {
    return this.#left(process, ({ check }) => check);
  }

  /** The same of everything that has ended by now. */
  ofAll(process: Process, { plan, steps }: RunState, now: number): string[] {
    const busy = new Set(plan.steps.flatMap(({ id, kind }) => (/^(observing|acting|verifying)$/.test(steps.get(id)?.state ?? '') ? [kind] : [])));
    return this.#left(process, ({ kind, at }) => !busy.has(kind) && (kind !== 'state' || now - at > READING_MS));
  }

  #left(process: Process, which: (page: OpenPage) => boolean): string[] {
    return [...(this.#open.get(process)?.values() ?? [])].filter(which).map(({ what }) => what);
  }
}

/** It lists things without a single field: that is no answer of AWS, so an error. */
function isForeign(output: unknown): boolean {
  return Object.values(output as Fields).some((list) => Array.isArray(list) && list.some((one) => typeof one === 'object' && one !== null && Object.keys(one as Fields).length === 0));
}

/** The fields of the request for the next page; undefined where this is the last one, or the last of the name that was asked for. */
function nextOf({ operation, input }: SeenCall, output: Fields): Fields | undefined {
  const asked = input as Fields;
  if (operation !== 'ListResourceRecordSets') return NEXT.some((name) => (output[name] ?? '') !== '') && output['IsTruncated'] !== false && output['Truncated'] !== false ? asked : undefined;
  const { NextRecordName: name, NextRecordType: type, NextRecordIdentifier: id } = output;
  if (output['IsTruncated'] !== true || (asked['StartRecordName'] !== undefined && asked['StartRecordName'] !== name) || (asked['StartRecordType'] !== undefined && asked['StartRecordType'] !== type)) return undefined;
  return { HostedZoneId: asked['HostedZoneId'], StartRecordName: name, StartRecordType: type, StartRecordIdentifier: id };
}

/** Of a list by tokens all that is asked for but the token; of records where the page begins. */
function keyOf({ service, operation, region, by }: SeenCall, fields: Fields): string {
  const rest = Object.entries(fields).filter(([name, value]) => value !== undefined && name !== 'MaxItems' && !TOKENS.some((token) => token === name));
  return JSON.stringify([service, operation, region, by?.kind, by?.part, rest.sort(([a], [b]) => (a < b ? -1 : 1))]);
}
