import { expect, it } from 'vitest';
import { SAYS, type Says } from '../../src/model/step.ts';
import { drillFigures } from '../../src/report/drill.ts';
import { buildEvidence } from '../../src/report/evidence.ts';
import { renderHtml } from '../../src/report/html.ts';
import { Script, SHOP_STEPS } from './fixtures.ts';

const LOOK = SHOP_STEPS.find(({ phase, changes }) => phase === 'assess' && changes.length === 0)?.id ?? '';
const ACT = SHOP_STEPS.find(({ changes }) => changes.length > 0)?.id ?? '';

function evidenceOf(step: string, because: string, says?: Says) {
  const script = new Script().started(0).at(10, { type: 'step.started', step });
  script.at(20, { type: 'step.done', step, already: true, because, ...(says === undefined ? {} : { says }) });
  const evidence = buildEvidence(script.state(), script.records);
  return { evidence, one: evidence.steps.find(({ id }) => id === step) };
}

it.each(SAYS)('a report says what a look saw (%s) by its field, and of an older journal by its first word', (says) => {
  for (const { evidence, one } of [evidenceOf(LOOK, 'in other words', says), evidenceOf(LOOK, `${says}: as it was written before`)]) {
    expect(one).toMatchObject({ state: 'done', says });
    expect(renderHtml(evidence)).toMatch(new RegExp(`class="pill mute">${says}<`));
    expect(drillFigures(evidence).filter((line) => line.startsWith(LOOK))).toHaveLength(says === 'not judged' ? 1 : 0);
  }
});

it('a step that changes something says no such thing, whatever its sentence begins with', () => {
  expect(evidenceOf(ACT, 'down: it is').one?.says).toBeNull();
  expect(evidenceOf(LOOK, 'status 200').one?.says).toBeNull();
});
