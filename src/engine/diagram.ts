import { TRANSITIONS } from './transitions.ts';

/** The transition table as a Mermaid state diagram, for ARCHITECTURE.md. */
export function transitionDiagram(): string {
  const rows = TRANSITIONS.map((row) => `    ${row.from} --> ${row.to}: ${row.on}${row.journal === undefined ? '' : ` (${row.journal})`}`);
  return ['```mermaid', 'stateDiagram-v2', '    [*] --> waiting', ...rows, '    done --> [*]', '    refused --> [*]', '    failed --> [*]', '    paused --> [*]', '    unmet --> [*]', '```'].join('\n');
}
