const PUBLISHED_MAX = 1000;

export interface Published {
  topic: string;
  subject: string | undefined;
  message: string;
  at: number;
}

/** Topics, and what was published to them. */
export class Topics {
  readonly published: Published[] = [];
  private readonly arns = new Map<string, string>();

  add(seed: { region: string; arn: string }): void {
    this.arns.set(seed.arn, seed.region);
  }

  remove(arn: string): void {
    this.arns.delete(arn);
  }

  has(arn: string, region: string): boolean {
    return this.arns.get(arn) === region;
  }

  /** ARNs, sorted. */
  in(region: string): string[] {
    return [...this.arns].filter(([, own]) => own === region).map(([arn]) => arn).sort();
  }

  record(message: Published): void {
    this.published.push(message);
    if (this.published.length > PUBLISHED_MAX) this.published.shift();
  }
}
