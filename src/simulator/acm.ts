import type { ServiceModel } from './call.ts';

/** Before that, ACM has not issued it. */
const ISSUED_AGE_MS = 30 * 86_400_000;

/** ACM: https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html */
export const acm: ServiceModel<'acm'> = {
  DescribeCertificate: {
    accepts: ['CertificateArn'],
    handle(input, call) {
      const arn = input.CertificateArn ?? '';
      const found = call.state.certificates.get(call.region, arn);
      if (found === undefined) throw call.error('ResourceNotFoundException', 400, `Could not find certificate ${arn}.`);
      const issued = found.status !== 'PENDING_VALIDATION' && found.status !== 'FAILED';
      const notBefore = call.state.core.startedAt - ISSUED_AGE_MS;
      return {
        Certificate: {
          CertificateArn: arn,
          DomainName: found.names[0] ?? '',
          SubjectAlternativeNames: [...found.names],
          Status: found.status,
          Type: found.type,
          RenewalEligibility: found.type === 'IMPORTED' ? 'INELIGIBLE' : 'ELIGIBLE',
          // What was never issued has no dates.
          ...(issued ? { NotBefore: new Date(notBefore), NotAfter: new Date(found.notAfter) } : {}),
        },
      };
    },
  },
};
