import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { anyStop, stopController } from '../../src/base/stop.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';

/* Signals of our own are Node's without the events: the same story of both, word for word. */

const CLOCKS: Record<string, Clock> = { 'of Node': new VirtualClock(), 'our own': new VirtualClock(undefined, { files: false }) };

type Story = (told: string[], clock: Clock) => void;

const tell = (told: string[], signal: AbortSignal, name: string): (() => void) => {
  const listener = () => void told.push(`${name}: ${String(signal.reason)}`);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
};

const STORIES: Record<string, Story> = {
  'listeners hear it once, in their order, and those that left do not': (told, clock) => {
    const one = stopController(clock);
    tell(told, one.signal, 'a');
    const leave = tell(told, one.signal, 'b');
    tell(told, one.signal, 'c');
    leave();
    one.abort(new Error('over'));
    one.abort(new Error('again'));
    tell(told, one.signal, 'late');
    told.push(String(one.signal.aborted), String(one.signal.reason));
  },
  'one that another one takes away while it is notified is not notified': (told, clock) => {
    const one = stopController(clock);
    let leave = (): void => undefined;
    one.signal.addEventListener('abort', () => leave());
    leave = tell(told, one.signal, 'b');
    tell(told, one.signal, 'c');
    one.abort(new Error('over'));
  },
  'the same listener twice is one': (told, clock) => {
    const one = stopController(clock);
    const listener = () => void told.push('heard');
    one.signal.addEventListener('abort', listener);
    one.signal.addEventListener('abort', listener);
    one.abort(new Error('over'));
  },
  'a signal of two is aborted with either, before anybody is notified, and its listeners come last': (told, clock) => {
    const [one, two] = [stopController(clock), stopController(clock)];
    const both = anyStop(clock, [one.signal, two.signal]);
    const more = anyStop(clock, [both]);
    tell(told, both, 'both');
    tell(told, more, 'more');
    one.signal.addEventListener('abort', () => told.push(`one: both is ${String(both.aborted)}, more is ${String(more.aborted)}`));
    tell(told, two.signal, 'two');
    one.abort(new Error('first'));
    two.abort(new Error('second'));
    told.push(String(both.reason), String(more.reason));
  },
  'a signal of one that is over is over': (told, clock) => {
    const one = stopController(clock);
    one.abort(new Error('over'));
    const both = anyStop(clock, [stopController(clock).signal, one.signal]);
    told.push(String(both.aborted), String(both.reason));
    try {
      both.throwIfAborted();
    } catch (error) {
      told.push(`thrown: ${String(error)}`);
    }
  },
  'no reason is the usual one': (told, clock) => {
    const one = stopController(clock);
    one.signal.throwIfAborted();
    one.abort();
    told.push(String(one.signal.reason), String(one.signal.reason instanceof DOMException));
  },
};

function told(story: Story, clock: Clock): string[] {
  const all: string[] = [];
  story(all, clock);
  return all;
}

describe('signals on a clock whose work is simulated as a whole', () => {
  it('are our own there, and Node\'s anywhere else', () => {
    expect(Object.values(CLOCKS).map((clock) => stopController(clock).signal instanceof AbortSignal)).toEqual([true, false]);
  });

  it.each(Object.entries(STORIES))('%s', (_name, story) => {
    const node = told(story, CLOCKS['of Node'] as Clock);
    expect(node.length).toBeGreaterThan(0);
    expect(told(story, CLOCKS['our own'] as Clock)).toEqual(node);
  });

  it('follow one of Node\'s among theirs', () => {
    const clock = CLOCKS['our own'] as Clock;
    const node = new AbortController();
    const both = anyStop(clock, [stopController(clock).signal, node.signal]);
    const all: string[] = [];
    tell(all, both, 'both');
    node.abort(new Error('over'));
    expect(all).toEqual(['both: Error: over']);
    expect(anyStop(clock, [node.signal]).aborted).toBe(true);
  });
});
