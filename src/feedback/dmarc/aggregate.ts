/** An aggregate report of DMARC as XML (RFC 7489 §7.2, appendix C), of one domain and one day. Pure. */

import { element } from '../../setup/xml.ts';
import type { DmarcObservation, PublishedPolicy } from '../observation.ts';

export type AggregateRow = Omit<DmarcObservation, 'domain' | 'published'> & { readonly count: number };

export interface Aggregate {
  readonly organization: string;
  readonly email: string;
  readonly reportId: string;
  readonly beginMs: number;
  readonly endMs: number;
  readonly domain: string;
  readonly published: PublishedPolicy;
  readonly rows: readonly AggregateRow[];
}

export function aggregateXml(report: Aggregate): string {
  const { organization, email, reportId, beginMs, endMs, domain, published, rows } = report;
  const seconds = (ms: number): string => String(Math.floor(ms / 1000));
  const { adkim, aspf, p, sp } = published;
  const feedback = element('feedback', [
    element('version', '1.0'),
    element('report_metadata', [
      element('org_name', organization),
      element('email', email),
      element('report_id', reportId),
      element('date_range', [element('begin', seconds(beginMs)), element('end', seconds(endMs - 1000))]),
    ]),
    element('policy_published', [
      element('domain', domain),
      element('adkim', adkim),
      element('aspf', aspf),
      element('p', p),
      element('sp', sp),
      element('pct', '100'),
    ]),
    ...rows.map(recordOf),
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${feedback}\n`;
}

function recordOf(row: AggregateRow): string {
  const { sourceAddress, count, disposition, isDkimAligned, isSpfAligned, override } = row;
  const { envelopeFrom, headerFrom, dkim, spf } = row;
  const result = (isAligned: boolean): string => (isAligned ? 'pass' : 'fail');
  return element('record', [
    element('row', [
      element('source_ip', sourceAddress),
      element('count', String(count)),
      element('policy_evaluated', [
        element('disposition', disposition),
        element('dkim', result(isDkimAligned)),
        element('spf', result(isSpfAligned)),
        ...(override === undefined
          ? []
          : [element('reason', [element('type', 'local_policy'), element('comment', override)])]),
      ]),
    ]),
    element('identifiers', [element('envelope_from', envelopeFrom), element('header_from', headerFrom)]),
    element('auth_results', [
      ...dkim.map((one) =>
        element('dkim', [
          element('domain', one.domain),
          element('selector', one.selector),
          element('result', dkimResult(one.result)),
        ]),
      ),
      element('spf', [
        element('domain', spf.domain),
        element('scope', spf.scope),
        element('result', spfResult(spf.result)),
      ]),
    ]),
  ]);
}

const DKIM_RESULTS = ['none', 'pass', 'fail', 'policy', 'neutral', 'temperror', 'permerror'];
const SPF_RESULTS = ['none', 'neutral', 'pass', 'fail', 'softfail', 'temperror', 'permerror'];

/** Only the words of the schema. */
const dkimResult = (word: string): string => (DKIM_RESULTS.includes(word) ? word : 'permerror');
const spfResult = (word: string): string => (SPF_RESULTS.includes(word) ? word : 'none');
