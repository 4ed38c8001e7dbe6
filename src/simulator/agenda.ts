import { DueHeap, type Due } from './heap.ts';

interface Entry extends Due {
  readonly happen: (at: number) => void;
}

export class Agenda {
  private readonly entries = new DueHeap<Entry>();
  private seq = 0;

  /** `happen` gets the time it was due at, which may lie before the time of the one who looks. */
  at(due: number, happen: (at: number) => void): void {
    this.entries.push({ due, seq: this.seq++, happen });
  }

  /** Lets everything happen that is due by `now`, and what that brings about by then. */
  advance(now: number): void {
    for (let next = this.entries.peek(); next !== undefined && next.due <= now; next = this.entries.peek()) {
      this.entries.pop();
      next.happen(next.due);
    }
  }

  get nextDue(): number | undefined {
    return this.entries.peek()?.due;
  }
}
