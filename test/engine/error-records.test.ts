import { expect, it } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import { DeadlineError } from '../../src/base/deadline.ts';
import { DrError } from '../../src/base/errors.ts';
import { errorRecord, toErrorRecord } from '../../src/engine/error-records.ts';

it('what was thrown goes into the journal with its code, its sentence, and what to do', () => {
  const aws = new AwsError({ service: 'rds', operation: 'ModifyDBInstance', region: 'ap-northeast-1', code: 'AccessDenied', message: 'no', httpStatus: 403 });
  expect(toErrorRecord(aws)).toEqual({ code: 'AccessDenied', message: aws.message });
  expect(toErrorRecord(new DrError({ code: 'BUSY', exit: 'busy', title: 'held', next: ['wait'] }))).toEqual({ code: 'BUSY', message: 'held', next: ['wait'] });
  const late = new DeadlineError(5, 'a look');
  expect(toErrorRecord(late)).toEqual({ code: 'NO_ANSWER', message: late.message });
  expect(toErrorRecord(new TypeError('a defect'))).toEqual({ code: 'BUG', message: 'a defect' });
  expect(toErrorRecord('text')).toEqual({ code: 'BUG', message: 'text' });
});

it('an error without a next step has no empty one', () => {
  expect(errorRecord('X', 'said')).toEqual({ code: 'X', message: 'said' });
  expect(Object.keys(errorRecord('X', 'said'))).toEqual(['code', 'message']);
});
