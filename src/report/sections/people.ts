import { html, type Html } from '../escape.ts';
import type { Evidence } from '../evidence-schema.ts';
import { plural } from '../../base/plural.ts';
import { utcDateTime } from '../format.ts';
import type { ModeMark } from '../mode.ts';
import { code, pill, section, table, type Tone } from '../tables.ts';

/** What has to be done about what the run showed, and by whom. */
export function issuesSection({ issues }: Evidence, mark: ModeMark | undefined): Html {
  const rows = issues.map((issue) => [
    issue.number,
    html`${issue.title}${issue.closed !== null && html`<span class="why">${issue.closed.note}</span>`}`,
    issue.owner,
    issue.due,
    issue.closed === null ? pill('warn', 'open') : html`${pill('good', 'closed')}<span class="why">${utcDateTime(issue.closed.at)} by ${issue.closed.by.user}@${issue.closed.by.host}</span>`,
    html`${utcDateTime(issue.addedAt)}<span class="why">${issue.addedBy.user}@${issue.addedBy.host}</span>`,
  ]);
  const columns = [{ head: '#', number: true }, { head: 'Issue', wide: true }, { head: 'Owner' }, { head: 'Due', firm: true }, { head: 'State' }, { head: 'Added' }];
  return section('Issues', mark, table(columns, rows, mark, 'None was noted: dr issue add RUN TITLE --owner NAME --due DAY'));
}

/** Steps that the run did not do itself: an auditor asks for them first. */
export function leftOutSection({ leftOut }: Evidence, mark: ModeMark | undefined): Html {
  const rows = leftOut.map((one) => [html`${one.title}<span class="why">${code(one.step)}</span>`, one.how === 'not-run' ? 'not run' : one.how, one.because]);
  return section('Not done by this run', mark, table([{ head: 'Step', wide: true }, { head: 'How' }, { head: 'Because' }], rows, mark, 'Every step of the plan was done by the run.'));
}

const SIGNATURES: Record<Evidence['signOffs'][number]['verified'], [Tone, string]> = {
  named: ['good', 'verified'],
  'key only': ['warn', 'signature fits, key not named by the runbook'],
  'not valid': ['bad', 'NOT valid'],
};

/** Who stands for the run, and for which part of the journal. */
export function signOffSection({ signOffs, people, integrity }: Evidence, mark: ModeMark | undefined): Html {
  const rows = signOffs.map((made) => {
    const [tone, word] = SIGNATURES[made.verified];
    const after = integrity.records - made.records - 1;
    return [
      html`${made.name}${made.own && html` ${pill('warn', 'began the run')}`}${made.comment !== '' && html`<span class="why">${made.comment}</span>`}`,
      html`${pill(tone, word)}<span class="why">${made.because}</span>`,
      utcDateTime(made.at),
      html`records 1 to ${made.records}${after > 0 && html`<span class="why">${plural(after, 'record')} after it</span>`}`,
      made.key === null ? '–' : code(made.key),
    ];
  });
  return section(
    'Sign-off and participants',
    mark,
    table([{ head: 'Who', wide: true }, { head: 'Signature' }, { head: 'Signed' }, { head: 'Covers' }, { head: 'Key' }], rows, mark, 'Nobody has signed this run off: dr sign RUN'),
    html`<h3>Participants</h3>`,
    table([{ head: 'Who' }, { head: 'Part' }], people.participants.map(({ name, roles }) => [name, roles.join(', ')]), mark, 'nobody'),
  );
}
