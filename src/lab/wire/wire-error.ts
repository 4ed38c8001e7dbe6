/** A refusal by the wire itself, before anything is handled. Written to the client as AWS would. */
export class WireError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(message);
    this.name = 'WireError';
    this.code = code;
    this.status = status;
  }
}
