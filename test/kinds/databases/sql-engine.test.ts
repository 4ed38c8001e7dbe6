import { describe, expect, it } from 'vitest';
import { lintSqlEngine, otherEngineNamed, withoutSql } from '../../../src/kinds/databases/login.ts';
import { worldOf } from '../../refusals/said.ts';
import { stepIn } from '../world.ts';

describe('SQL is for PostgreSQL', () => {
  it('and one sentence says so, by the engine that AWS shows', () => {
    expect(withoutSql('db', 'mysql')).toBe('SQL is sent to PostgreSQL only, and db is mysql');
    expect(withoutSql('db', 'aurora-mysql')).toContain('db is aurora-mysql');
    for (const engine of ['postgres', 'aurora-postgresql', '', undefined]) expect(withoutSql('db', engine)).toBeUndefined();
  });

  it('validate warns by the names, where a login is named', () => {
    const instances = { a: 'shop-mysql8', b: 'shop' };
    expect(lintSqlEngine({ instances, canary: {} })).toEqual([{ path: ['canary'], severity: 'warning', message: 'SQL is sent to PostgreSQL only, and shop-mysql8 sounds like another engine: a run would be refused' }]);
    expect(lintSqlEngine({ instances })).toEqual([]);
    expect(lintSqlEngine({ instances: { a: 'shop' }, canary: {} })).toEqual([]);
    expect(otherEngineNamed({ parameterGroup: 'my-MariaDB-11' })).toBe('my-MariaDB-11');
  });

  it('a restore of another engine is refused before the line, by what its backups hold', async () => {
    const engineOf = async (Engine: string) => {
      const sim = await worldOf('archive');
      const { aws } = sim.effects;
      const call = (async (request: Parameters<typeof aws.call>[0]) => {
        const answer = await aws.call(request);
        for (const backup of (answer.output as { DBInstanceAutomatedBackups?: { Engine?: string }[] }).DBInstanceAutomatedBackups ?? []) backup.Engine = Engine;
        return answer;
      }) as typeof aws.call;
      return (await stepIn(sim, 'databases.documents.canary', { effects: { aws: { call } } })).check();
    };
    expect(await engineOf('mysql')).toMatchObject({ state: 'refused', refusal: { rule: 'canary', observed: 'SQL is sent to PostgreSQL only, and archive-documents-tokyo is mysql' } });
    expect(await engineOf('postgres')).toEqual({ state: 'ok', because: 'login for archive-documents-tokyo is there' });
  });
});
