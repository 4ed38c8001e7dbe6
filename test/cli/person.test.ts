import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { terminalPerson } from '../../src/cli/person.ts';

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

it('waits until the name of the step is typed; several may wait at once', async () => {
  const input = new PassThrough();
  const said: string[] = [];
  const person = terminalPerson(input, (text) => said.push(text));
  const signal = new AbortController().signal;
  const done: string[] = [];
  const bank = person.confirm('bank', 'Call the bank.', signal).then(() => done.push('bank'));
  const dns = person.confirm('dns', 'Look at the zone.', signal).then(() => done.push('dns'));
  expect(said).toEqual(['Call the bank.\nWhen it is done, type bank and press Enter.', 'Look at the zone.\nWhen it is done, type dns and press Enter.']);
  input.write('yes\n\n');
  await settle();
  expect([done, said.at(-1)]).toEqual([[], '"yes" is not what is waited for: bank, dns']);
  input.write(' dns \n');
  await dns;
  expect(done).toEqual(['dns']);
  input.write('bank\n');
  await bank;
  expect(done).toEqual(['dns', 'bank']);
  // Nobody is waited for: a later question listens again.
  const again = person.confirm('bank', 'Once more.', signal);
  input.write('bank\n');
  await again;
});

it('ends with its signal', async () => {
  const person = terminalPerson(new PassThrough(), () => undefined);
  const abort = new AbortController();
  const asked = person.confirm('bank', 'Call.', abort.signal);
  abort.abort(new Error('SIGINT'));
  await expect(asked).rejects.toThrow('SIGINT');
  await expect(person.confirm('bank', 'Call.', abort.signal)).rejects.toThrow('SIGINT');
});
