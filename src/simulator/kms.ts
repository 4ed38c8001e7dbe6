import { parseArn } from '../base/arn.ts';
import { sha256 } from '../base/json.ts';
import { type Call, type ServiceModel } from './call.ts';
import type { Key } from './keys.ts';

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html: 50 where Limit is not given. */
const GRANTS_PAGE = 50;
const DAY_MS = 86_400_000;
/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html: 30 days where nobody says otherwise. */
const DELETION_DAYS = 30;

/** KMS, what only reads: https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html */
export const kms: ServiceModel<'kms'> = {
  DescribeKey: {
    accepts: ['KeyId'],
    handle(input, call) {
      const key = must(input.KeyId, call);
      return {
        KeyMetadata: {
          AWSAccountId: parseArn(key.arn)?.account ?? '',
          KeyId: key.arn.split('/').at(-1) ?? '',
          Arn: key.arn,
          Enabled: key.state === 'Enabled',
          KeyState: key.state,
          KeyManager: key.manager,
          KeyUsage: 'ENCRYPT_DECRYPT',
          Description: '',
          ...(key.state === 'PendingDeletion' ? { DeletionDate: new Date(call.state.core.startedAt + DELETION_DAYS * DAY_MS) } : {}),
        },
      };
    },
  },

  /** Only of a key of the own account: https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html */
  GetKeyPolicy: {
    accepts: ['KeyId', 'PolicyName'],
    handle(input, call) {
      const key = must(input.KeyId, call);
      const { account } = call.state.core;
      if (parseArn(key.arn)?.account !== account) throw call.error('AccessDeniedException', 400, `User is not authorized to perform: kms:GetKeyPolicy on resource: ${key.arn}`);
      const allow = (principal: string) => ({ Effect: 'Allow', Principal: principal === '*' ? '*' : { AWS: principal }, Action: 'kms:*', Resource: '*' });
      return { Policy: JSON.stringify({ Version: '2012-10-17', Statement: [`arn:aws:iam::${account}:root`, ...key.users].map(allow) }), PolicyName: 'default' };
    },
  },

  ListGrants: {
    accepts: ['KeyId', 'GranteePrincipal', 'Limit', 'Marker'],
    handle(input, call) {
      const key = must(input.KeyId, call);
      const size = input.Limit ?? GRANTS_PAGE;
      if (size < 1 || size > 100) throw call.error('ValidationException', 400, `1 validation error detected: Value '${size}' at 'limit' failed to satisfy constraint`);
      const granted = key.granted.filter((arn) => input.GranteePrincipal === undefined || arn === input.GranteePrincipal).toSorted();
      const { page, next } = call.pageOf(granted, (arn) => arn, input.Marker, size);
      const Grants = page.map((GranteePrincipal) => ({
        KeyId: key.arn,
        GrantId: sha256(`${key.arn} ${GranteePrincipal}`),
        GranteePrincipal,
        Operations: ['Encrypt' as const, 'Decrypt' as const, 'GenerateDataKeyWithoutPlaintext' as const, 'CreateGrant' as const, 'DescribeKey' as const],
      }));
      return { Grants, Truncated: next !== undefined, ...(next === undefined ? {} : { NextMarker: next }) };
    },
  },
};

function must(id: string | undefined, call: Call): Key {
  if (id === undefined || id === '') throw call.error('ValidationException', 400, "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null");
  if (/(^|:)alias\//.test(id)) throw call.unsupported('an alias');
  const key = call.state.keys.find(call.region, id);
  if (key === undefined) throw call.error('NotFoundException', 400, `Key '${id}' does not exist`);
  return key;
}
