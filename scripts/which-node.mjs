/**
 * What a person whose Node is older is shown once by `npm ci`; undefined: nothing. npm itself would warn of dozens of packages, which
 * .npmrc keeps quiet. `env`: of the build, as npm has set it. `node`: the version that builds.
 */
export function whichNode(env, node) {
  const [, own = ''] = /node\/v([\d.]+)/.exec(env.npm_config_user_agent ?? '') ?? [];
  if (env.npm_lifecycle_event !== 'prepare' || own === '' || Number(own.split('.')[0]) >= Number(node.split('.')[0])) return undefined;
  return `This machine has Node ${own}. dr runs with Node ${node}, which npm has installed in this folder: nothing to do.`;
}
