import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Door } from '../../src/lab/door.ts';
import { until } from './helpers.ts';

let echo: Server;
let door: Door;
let port: number;
const open: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', () => resolve()));
  const upstream = (echo.address() as AddressInfo).port;
  door = new Door(() => ({ host: '127.0.0.1', port: upstream }));
  port = await door.listen('127.0.0.2');
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await door.close();
  await new Promise((resolve) => echo.close(resolve));
});

function caller(): { socket: Socket; heard: () => string; ended: () => boolean } {
  const socket = connect(port, '127.0.0.2');
  open.push(socket);
  let [heard, ended] = ['', false];
  socket.on('error', () => undefined);
  socket.on('data', (data) => (heard += data.toString()));
  socket.on('close', () => (ended = true));
  return { socket, heard: () => heard, ended: () => ended };
}

async function talking(): Promise<ReturnType<typeof caller>> {
  const one = caller();
  one.socket.write('hello');
  await until('echo', () => one.heard() === 'hello');
  return one;
}

/** Long enough for an echo on loopback many times over. */
const moment = () => new Promise((resolve) => setTimeout(resolve, 150));

describe('a door', () => {
  it('closed: swallows new connections; those that are there live on, until they are ended', async () => {
    const old = await talking();
    door.set('closed');
    const fresh = caller();
    fresh.socket.write('hello');
    old.socket.write(' again');
    await until('another echo', () => old.heard() === 'hello again');
    await moment();
    expect([fresh.heard(), fresh.ended(), old.ended()]).toEqual(['', false, false]);
    door.endAll();
    await until('ended', old.ended);
  });

  it('dead: the connections there are fall silent, new ones get no answer', async () => {
    const old = await talking();
    door.set('dead');
    old.socket.write('still there?');
    const fresh = caller();
    fresh.socket.write('hello');
    await moment();
    expect([old.heard(), old.ended(), fresh.heard(), fresh.ended()]).toEqual(['hello', false, '', false]);
  });

  it('says which address the machine lacks, and how to make it', async () => {
    // An address for documentation: no machine has it. https://www.rfc-editor.org/rfc/rfc5737
    await expect(new Door(() => ({ host: '127.0.0.1', port })).listen('203.0.113.7')).rejects.toMatchObject({
      code: 'LAB_ADDRESS',
      exit: 'lab',
      next: [expect.stringMatching(/^sudo (ip addr add 203.0.113.7|ifconfig lo0 alias 203.0.113.7)/) as string],
    });
  });

  it('opens again, and ends what was swallowed', async () => {
    door.set('dead');
    const swallowed = caller();
    swallowed.socket.write('hello');
    await moment();
    door.set('open');
    await until('ended', swallowed.ended);
    await talking();
  });
});
