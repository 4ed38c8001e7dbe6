/** An error as PostgreSQL gives it: a SQLSTATE and its words. */
export class SqlError extends Error {
  readonly state: string;

  constructor(state: string, message: string) {
    super(message);
    this.state = state;
    this.name = 'SqlError';
  }
}
