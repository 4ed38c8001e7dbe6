import * as z from 'zod';
import { nearestRegion, REGION_SHAPE } from '../base/regions.ts';
import { durationField } from '../kinds/common.ts';
import { quote } from './secrets.ts';

// A message that begins with "expected" gets what was found added to it: see explain.ts.

/** Names become parts of step ids, run ids and file names. */
const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
const NAME_WANTED = 'expected a name of 1 to 40 lowercase letters, digits and hyphens, e.g. shop-orders';

export function nameField() {
  return z.string(NAME_WANTED).regex(NAME, NAME_WANTED);
}

const DAY_MS = 86_400_000;

/** A text that is not empty, on one line. */
export function lineField(what: string) {
  const wanted = `expected ${what}`;
  return z.string(wanted).max(200, `${wanted} of at most 200 characters`).regex(/^\S(.*\S)?$/, wanted);
}

/** RPO and RTO. */
export function objectiveField(min: number, from: string) {
  return durationField({ min, max: 30 * DAY_MS, range: `a duration from ${from} to 30d` });
}

export function regionField() {
  return z.string().regex(REGION_SHAPE, {
    error: ({ input }) => {
      const name = String(input);
      const near = nearestRegion(name);
      const hint = near === undefined ? '' : `; did you mean ${quote(near)}?`;
      return `${quote(name)} is not the name of an AWS region, e.g. ap-northeast-2${hint}`;
    },
  });
}

const HTTP_WANTED = 'expected an http or https URL, e.g. https://shop.example.com/healthz';
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const HOST = new RegExp(`^(?=.{1,253}$)${LABEL}(\\.${LABEL})*\\.?$`, 'i');

/** A URL that is asked from outside, without credentials in it. */
export function httpField() {
  return z
    .string(HTTP_WANTED)
    .max(2048, 'expected a URL of at most 2048 characters')
    .regex(/^https?:\/\/\S+$/, { error: HTTP_WANTED, abort: true })
    .superRefine((text, ctx) => {
      const refuse = (message: string) => ctx.addIssue({ code: 'custom', message });
      if (!URL.canParse(text)) return refuse(HTTP_WANTED);
      const url = new URL(text);
      if (url.username !== '' || url.password !== '') return refuse('expected a URL without user and password');
      if (url.hash !== '') return refuse('expected a URL without a # part: it is never sent');
      if (!url.hostname.startsWith('[') && !HOST.test(url.hostname)) {
        refuse(`${quote(url.hostname)} cannot be the name of a host`);
      }
    });
}

export function envField(example: string) {
  const wanted = `expected the name of an environment variable, e.g. ${example}`;
  return z.string(wanted).regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, wanted);
}

export function topicArnField() {
  const wanted = 'expected the ARN of an SNS topic, e.g. arn:aws:sns:ap-northeast-1:111122223333:dr';
  return z.string(wanted).regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$/, wanted);
}
