import { type Answer, type StateTable, type Stated, stateIn } from './table.ts';

/** What the status of a certificate of ACM means. */
export interface CertificateMeaning {
  /** Will browsers take it, as far as its status tells? */
  usable: Answer;
  note?: string;
}

export const CERTIFICATE_STATUSES: StateTable<CertificateMeaning> = {
  field: 'CertificateDetail.Status',
  page: 'https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html',
  states: {
    ISSUED: { usable: 'yes' },
    PENDING_VALIDATION: { usable: 'no', note: 'its domain is not proven yet' },
    VALIDATION_TIMED_OUT: { usable: 'no', note: 'its domain was not proven within 72 hours' },
    FAILED: { usable: 'no' },
    INACTIVE: { usable: 'no' },
    EXPIRED: { usable: 'no' },
    REVOKED: { usable: 'no' },
  },
  unlisted: { usable: 'unknown' },
};

export function certificateStatus(status: string | undefined): Stated<CertificateMeaning> {
  return stateIn(CERTIFICATE_STATUSES, status);
}
