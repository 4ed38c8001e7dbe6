import type { ServiceModel } from './call.ts';

const DAY_MS = 86_400_000;
/** Before that, ACM has not issued it. */
const ISSUED_AGE_MS = 30 * DAY_MS;
const VALID_MS = 200 * DAY_MS;

/** ACM: https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html */
export const acm: ServiceModel<'acm'> = {
  DescribeCertificate: {
    accepts: ['CertificateArn'],
    handle(input, call) {
      const arn = input.CertificateArn ?? '';
      const found = call.state.certificates.get(call.region, arn);
      if (found === undefined) throw call.error('ResourceNotFoundException', 400, `Could not find certificate ${arn}.`);
      const { names, status = 'ISSUED', type = 'AMAZON_ISSUED', validForMs = VALID_MS, seededAt } = found;
      const issued = status !== 'PENDING_VALIDATION' && status !== 'FAILED';
      return {
        Certificate: {
          CertificateArn: arn,
          DomainName: names[0] ?? '',
          SubjectAlternativeNames: [...names],
          Status: status,
          Type: type,
          RenewalEligibility: type === 'IMPORTED' ? 'INELIGIBLE' : 'ELIGIBLE',
          // What was never issued has no dates.
          ...(issued ? { NotBefore: new Date(call.state.core.startedAt - ISSUED_AGE_MS), NotAfter: new Date(seededAt + validForMs) } : {}),
        },
      };
    },
  },
};
