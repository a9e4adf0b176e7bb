/** What `mailauth` found, as our values: for the verdict, and in the words of RFC 8601 §2.7 for the field. Pure. */

import type { ArcSet, SignatureResult } from 'mailauth/lib/dkim/dkim-verifier.js';
import type { DmarcResponse } from 'mailauth/lib/dmarc/index.js';
import { latin1 } from '../base/bytes.ts';
import { withoutComments } from './results-words.ts';
import type { SignatureOutcome } from './signatures.ts';
import type { ArcOutcome, DkimOutcome, DmarcOutcome, MethodResult, Outcomes, Policy } from './verdict.ts';

export interface Evidence {
  readonly spf: {
    readonly result: string;
    readonly domain: string;
    readonly comment?: string;
    readonly smtp?: { readonly [property: string]: string | undefined };
  };
  readonly dmarc: DmarcResponse | { readonly skipped: string };
  /** Undefined: they could not be read. */
  readonly signatures: SignatureOutcome | undefined;
}

type Property = readonly [name: string, value: string];

export function outcomesOf({ spf, dmarc, signatures }: Evidence, wasBusy = false): Outcomes {
  const author = dmarcOutcome(dmarc);
  return {
    spf: { result: spf.result, domain: spf.domain },
    dkim: signatures === undefined ? unread(author.domain) : signatures.signatures.flatMap(dkimOutcome),
    arc: signatures === undefined ? { result: 'none', sealers: [] } : arcOutcome(signatures),
    dmarc: author,
    wasBusy,
  };
}

function unread(domain: string): DkimOutcome[] {
  return [{ result: 'temperror', domain, selector: '', reason: 'it could not be read' }];
}

function dkimOutcome({ status, signingDomain, selector }: SignatureResult): DkimOutcome[] {
  if (signingDomain === undefined) return [];
  const reason = typeof status.comment === 'string' ? { reason: status.comment } : {};
  return [{ result: status.result, domain: signingDomain, selector: selector ?? '', ...reason }];
}

const DMARC_RESULTS = ['pass', 'fail', 'none', 'temperror', 'permerror'] as const;
const POLICIES = ['none', 'quarantine', 'reject'] as const;

function dmarcOutcome(dmarc: Evidence['dmarc']): DmarcOutcome {
  if ('skipped' in dmarc) return { result: 'skipped', domain: '', reason: dmarc.skipped };
  const policy = POLICIES.find((one) => one === dmarc.policy);
  return {
    result: DMARC_RESULTS.find((one) => one === dmarc.status.result) ?? 'none',
    domain: String(dmarc.status.header?.from || dmarc.domain),
    ...(policy === undefined ? {} : { policy }),
    ...foundIn(dmarc),
  };
}

function foundIn({ policyDomain, p, sp, alignment }: DmarcResponse): Pick<DmarcOutcome, 'found'> {
  const known = (word: string | undefined): Policy => POLICIES.find((one) => one === word) ?? 'none';
  if (policyDomain === undefined || alignment === undefined) return {};
  const { dkim, spf } = alignment;
  return {
    found: {
      ...{ domain: policyDomain, p: known(p), sp: known(sp ?? p) },
      isStrict: { dkim: dkim.strict, spf: spf.strict },
      isAligned: { dkim: dkim.result !== undefined, spf: spf.result !== undefined },
    },
  };
}

function arcOutcome({ arc, chain }: SignatureOutcome): ArcOutcome {
  const { result } = arc.status;
  if (result !== 'pass') return { result: result === 'none' ? 'none' : 'fail', sealers: [] };
  const sets = [...(chain.chain || [])].sort((a, b) => b.i - a.i);
  return { result, sealers: sets.map(sealerOf) };
}

function sealerOf(set: ArcSet): ArcOutcome['sealers'][number] {
  const said = withoutComments(latin1(set['arc-authentication-results'].original));
  return {
    domain: String(set['arc-seal'].parsed.d?.value ?? ''),
    saysDmarcPass: /;\s*dmarc\s*=\s*pass\b/i.test(said) && !/;\s*dmarc\s*=\s*(?!pass\b)/i.test(said),
  };
}

export function spfResult({ spf }: Evidence): MethodResult {
  const isError = spf.result === 'permerror' || spf.result === 'temperror';
  return {
    ...{ method: 'spf', result: spf.result },
    ...(isError && spf.comment !== undefined ? { comment: spf.comment } : {}),
    properties: propertiesOf('smtp', spf.smtp ?? {}),
  };
}

export function dkimResults({ signatures }: Evidence): MethodResult[] {
  if (signatures === undefined) return [];
  const more = signatures.hasTooMany
    ? [
        {
          method: 'dkim',
          result: 'policy',
          comment: 'more or longer signatures than are checked',
          properties: [],
        },
      ]
    : [];
  return [...signatures.signatures.map(dkimResult), ...more];
}

function dkimResult({ status }: SignatureResult): MethodResult {
  return {
    ...{ method: 'dkim', result: status.result },
    ...(typeof status.comment === 'string' ? { comment: status.comment } : {}),
    properties: [
      ...propertiesOf('policy', status.policy ?? {}),
      ...propertiesOf('header', status.header ?? {}),
    ],
  };
}

export function dmarcResult({ dmarc }: Evidence): MethodResult[] {
  if ('skipped' in dmarc)
    return [
      { method: 'dmarc', result: 'permerror', comment: dmarc.skipped.replaceAll('-', ' '), properties: [] },
    ];
  const { status } = dmarc;
  return [
    {
      ...{ method: 'dmarc', result: status.result },
      ...(typeof status.comment === 'string' ? { comment: status.comment } : {}),
      properties: [
        ...propertiesOf('policy', status.policy ?? {}),
        ...propertiesOf('header', status.header ?? {}),
      ],
    },
  ];
}

export function arcResult({ signatures }: Evidence): MethodResult[] {
  if (signatures === undefined || signatures.arc.status.result === 'none') return [];
  const { status, i } = signatures.arc;
  const comment = typeof status.comment === 'string' ? status.comment : `i=${i}`;
  return [{ method: 'arc', result: status.result, comment, properties: [] }];
}

function propertiesOf(
  type: string,
  values: Readonly<Record<string, string | false | undefined>>,
): Property[] {
  return Object.entries(values).flatMap(([name, value]): Property[] =>
    typeof value === 'string' && value !== '' ? [[`${type}.${name}`, value]] : [],
  );
}
