export function whichNode(env: Readonly<Record<string, string | undefined>>, node: string): string | undefined;
