import type { ServiceModel } from './call.ts';

/** STS: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export const sts: ServiceModel<'sts'> = {
  GetCallerIdentity: {
    accepts: [],
    handle(_input, call) {
      const { account } = call.state.core;
      return { UserId: 'AROALAB0000000000LAB0:operator', Account: account, Arn: `arn:aws:sts::${account}:assumed-role/lab/operator` };
    },
  },
};
