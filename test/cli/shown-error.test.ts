import { CLIError } from '@oclif/core/errors';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import { DrError } from '../../src/base/errors.ts';
import { renderError, shownError } from '../../src/cli/shown-error.ts';
import { plain } from '../../src/cli/text.ts';

const scene = { command: 'failover', flags: ['region', 'json'], debug: false };

describe('an error that a user can act on', () => {
  const error = new DrError({ code: 'REGION_ACTIVE', exit: 'refused', title: 'Tokyo is active already.', detail: 'seen in\nRoute 53', next: ['dr status'] });

  it('is shown with headline, detail and the next command', () => {
    expect(renderError(shownError(error, scene), plain)).toMatchInlineSnapshot(`
      "Error: Tokyo is active already. [REGION_ACTIVE]

        seen in
        Route 53

      Next:
        dr status
      "
    `);
  });

  it('never shows a stack unless DEBUG is set', () => {
    expect(shownError(error, scene).stack).toBeUndefined();
    expect(shownError(error, { ...scene, debug: true }).stack).toContain('shown-error.test');
  });
});

describe('a bug', () => {
  it('is distinguished, asks to be reported, and has no stack without DEBUG', () => {
    const shown = shownError(new TypeError('x is not a function'), scene);
    expect(shown).toMatchObject({ code: 'BUG', exit: 'bug' });
    expect(shown.title).toContain('x is not a function');
    expect(shown.next.join()).toContain('DEBUG=1');
    expect(renderError(shown, plain)).not.toMatch(/\n\s+at /);
  });

  it('is shown even when it is not an Error', () => {
    expect(shownError('odd', scene)).toMatchObject({ code: 'BUG', exit: 'bug' });
    expect(shownError(undefined, scene)).toMatchObject({ code: 'BUG', exit: 'bug' });
  });
});

describe('errors of others', () => {
  it('names missing credentials', () => {
    const bucket = new AwsError({ service: 's3', operation: 'ListObjectsV2', region: 'ap-northeast-1', code: 'NoSuchBucket', message: 'no such bucket' });
    expect(shownError(bucket, { debug: false }).next).toEqual(['Check the name of the bucket, or make it: aws s3 mb s3://BUCKET --region ap-northeast-1']);
    const error = new AwsError({ service: 'sts', operation: 'GetCallerIdentity', region: 'ap-northeast-1', code: 'NoCredentials', message: 'none found' });
    expect(shownError(error, scene)).toMatchObject({ exit: 'aws', code: 'NoCredentials' });
    expect(shownError(error, scene).next.join()).toContain('aws sts get-caller-identity');
  });

  it('takes a full disk or a folder without rights for no bug', () => {
    const error = Object.assign(new Error("EACCES: permission denied, mkdir '/x'"), { code: 'EACCES', syscall: 'mkdir' });
    expect(shownError(error, scene)).toMatchObject({ exit: 'usage', code: 'FILE_SYSTEM' });
  });

  it('says what is wrong with a command line, in few lines', () => {
    const error = new CLIError('Missing 1 required arg:\nfiles  runbooks\nSee more help with --help', { exit: 2 });
    const shown = shownError(error, scene);
    expect(shown).toEqual({ code: 'BAD_COMMAND_LINE', exit: 'usage', title: 'Missing: FILES, runbooks.', next: ['dr failover --help'] });
  });
});
