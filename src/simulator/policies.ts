export class Policies {
  /** Path of the caller's role in IAM, which the ARN of its session does not name. */
  path = '/';
  private readonly denied: { action: RegExp; how: 'implicitDeny' | 'explicitDeny' }[] = [];

  /** `*` stands for any text, e.g. `rds:*`. `implicitDeny`: no policy allows it. */
  deny(action: string, how: 'implicitDeny' | 'explicitDeny' = 'implicitDeny'): void {
    this.denied.push({ action: new RegExp(`^${action.replaceAll('*', '.*')}$`, 'i'), how });
  }

  decide(action: string): 'allowed' | 'implicitDeny' | 'explicitDeny' {
    const found = this.denied.filter((rule) => rule.action.test(action)).map(({ how }) => how);
    return found.includes('explicitDeny') ? 'explicitDeny' : (found[0] ?? 'allowed');
  }
}
