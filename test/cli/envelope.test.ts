import { expect, it } from 'vitest';
import { resultEnvelope } from '../../src/cli/envelope.ts';

it('whatever is not ok has an error with a code', () => {
  expect(resultEnvelope('x', {}, 'ok', [])).not.toHaveProperty('error');
  expect(resultEnvelope('x', {}, 'changes', [])).toMatchObject({ ok: true, exitCode: 14 });
  expect(resultEnvelope('x', {}, 'objectiveMissed', [])).toMatchObject({ ok: false, error: { code: 'OBJECTIVE_MISSED' } });
  expect(resultEnvelope('x', {}, 'refused', [], { code: 'rpo-gate', message: 'too much', next: [] })).toMatchObject({ ok: false, error: { code: 'rpo-gate' } });
});
