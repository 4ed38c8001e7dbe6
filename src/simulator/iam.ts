import { type Call, type ServiceModel } from './call.ts';

/** The one role of a world: that of its caller. */
const ROLE = 'lab';

function roleArn(call: Call): string {
  return `arn:aws:iam::${call.state.core.account}:role${call.state.policies.path}${ROLE}`;
}

/** IAM, what only reads: https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html */
export const iam: ServiceModel<'iam'> = {
  /** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetInstanceProfile.html */
  GetInstanceProfile: {
    accepts: ['InstanceProfileName'],
    handle(input, call) {
      const name = input.InstanceProfileName ?? '';
      const found = call.state.profiles.get(name);
      if (found === undefined) throw call.error('NoSuchEntity', 404, `Instance Profile ${name} cannot be found.`);
      const at = `arn:aws:iam::${call.state.core.account}`;
      const CreateDate = new Date(call.state.core.startedAt);
      const Roles = found.role === undefined ? [] : [{ Path: '/', RoleName: found.role, RoleId: 'AROALAB0000000000LAB1', Arn: `${at}:role/${found.role}`, CreateDate }];
      return { InstanceProfile: { Path: '/', InstanceProfileName: name, InstanceProfileId: 'AIPALAB0000000000LAB0', Arn: `${at}:instance-profile/${name}`, CreateDate, Roles } };
    },
  },

  GetRole: {
    accepts: ['RoleName'],
    handle(input, call) {
      const name = input.RoleName ?? '';
      if (name !== ROLE) throw call.error('NoSuchEntity', 404, `The role with name ${name} cannot be found.`);
      const CreateDate = new Date(call.state.core.startedAt);
      return { Role: { Path: call.state.policies.path, RoleName: name, RoleId: 'AROALAB0000000000LAB0', Arn: roleArn(call), CreateDate } };
    },
  },

  /**
   * A decision for each action, and in it one for each resource. Not modelled: policies by resource, and conditions.
   * https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
   */
  SimulatePrincipalPolicy: {
    accepts: ['PolicySourceArn', 'ActionNames', 'ResourceArns', 'ContextEntries', 'MaxItems', 'Marker'],
    handle(input, call) {
      const principal = input.PolicySourceArn ?? '';
      if (!/^arn:[\w-]+:iam::\d{12}:(user|group|role)\//.test(principal)) throw call.error('InvalidInput', 400, `Invalid Entity Arn: ${principal} does not clearly define entity type and name.`);
      if (principal !== roleArn(call)) throw call.error('NoSuchEntity', 404, `The role with name ${principal.split('/').at(-1) ?? ''} cannot be found.`);
      const actions = input.ActionNames ?? [];
      const odd = actions.find((action) => !/^[a-z0-9-]+:[A-Za-z]+$/.test(action));
      if (actions.length === 0 || odd !== undefined) throw call.error('InvalidInput', 400, `Invalid action: ${odd ?? 'none'}`);
      const { page, next } = call.pageOf([...new Set(actions)].sort(), (action) => action, input.Marker, input.MaxItems ?? 100);
      const resources = input.ResourceArns ?? [];
      const EvaluationResults = page.map((action) => {
        const decision = call.state.policies.decide(action);
        const named = resources.filter((arn) => arn !== '*');
        return {
          EvalActionName: action,
          EvalResourceName: '*',
          EvalDecision: decision,
          MatchedStatements: [],
          MissingContextValues: [],
          ...(named.length === 0 ? {} : { ResourceSpecificResults: named.map((arn) => ({ EvalResourceName: arn, EvalResourceDecision: decision, MatchedStatements: [], MissingContextValues: [] })) }),
        };
      });
      return { EvaluationResults, IsTruncated: next !== undefined, ...(next === undefined ? {} : { Marker: next }) };
    },
  },
};
