/**
 * What is to become of a message, from what SPF, DKIM, ARC and DMARC say of it; pure.
 *
 * What the domain of the author asks for decides (DMARC, RFC 9989), and nothing else: SPF and DKIM alone refuse nothing, since whoever
 * forwards breaks one of them. A trusted sealer may say that it was right when it came to him (ARC). What could not be found
 * out is nobody's fault: the mail goes on, unless the domain asks for refusal and one of the failures could be what
 * proves it; then it comes again later. So does what we had no time to ask about.
 */
import { domainToASCII } from 'node:url';

/** RFC 8601 §2.2, in the order of the field. */
export interface MethodResult {
  readonly method: string;
  readonly result: string;
  readonly comment?: string;
  /** `smtp.mailfrom`, `header.d` and so on. */
  readonly properties: readonly (readonly [name: string, value: string])[];
}

export interface SpfOutcome {
  readonly result: string;
  /** Whose policy it was: of the sender's address, or of the name in EHLO when there is none. */
  readonly domain: string;
}

/** Somebody whom we trust has said that it was authentic when it came to him. */
export function isBelievedForSealer(
  { arc, dmarc }: Outcomes,
  trustedSealers: readonly string[] = [],
): boolean {
  return dmarc.result === 'fail' && trustedSealer(arc, trustedSealers) !== undefined;
}

export interface DkimOutcome {
  readonly result: string;
  readonly domain: string;
  readonly selector: string;
  readonly reason?: string;
}

export interface DmarcOutcome {
  /** `skipped`: there is no one author's domain, and `reason` says why. */
  readonly result: 'pass' | 'fail' | 'none' | 'temperror' | 'permerror' | 'skipped';
  readonly domain: string;
  /** What the domain asks for, after `sp`, `np` and `t`. */
  readonly policy?: Policy;
  readonly reason?: string;
  /** What was published, and which of the methods proved the author's domain; absent where nothing was found. */
  readonly found?: PolicyFound;
}

export type Policy = 'none' | 'quarantine' | 'reject';

export interface PolicyFound {
  /** Where: the author's domain, or one above it. */
  readonly domain: string;
  readonly p: Policy;
  readonly sp: Policy;
  readonly isStrict: { readonly dkim: boolean; readonly spf: boolean };
  readonly isAligned: { readonly dkim: boolean; readonly spf: boolean };
}

export interface ArcOutcome {
  readonly result: 'pass' | 'fail' | 'none';
  /** The newest first; what each says of DMARC. */
  readonly sealers: readonly { readonly domain: string; readonly saysDmarcPass: boolean }[];
}

export interface Outcomes {
  readonly spf: SpfOutcome;
  readonly dkim: readonly DkimOutcome[];
  readonly arc: ArcOutcome;
  readonly dmarc: DmarcOutcome;
  /** Something was not asked, since strangers have us ask too much at this moment. */
  readonly wasBusy: boolean;
}

export interface Verdict {
  readonly action: 'accept' | 'junk' | 'reject' | 'defer';
  /** In plain words, for the log, for the reply and for whoever asks why. */
  readonly reasons: readonly string[];
  /** RFC 7372, RFC 3463: of the reply to a message that is not taken. */
  readonly enhancedCode?: '5.7.26' | '4.7.0';
}

/** Why there is no one author: words of `mailauth`, and ours. */
const AUTHORS: Readonly<Record<string, string>> = {
  'header-too-large': 'its header is larger than is looked at',
  'multiple-from-fields': 'it has more than one From field',
  'multiple-author-domains': 'its authors are of different domains',
  'invalid-author-domain': 'one of its authors has no domain',
};

export function verdictOf(outcomes: Outcomes, trustedSealers: readonly string[] = []): Verdict {
  const { dmarc } = outcomes;
  if (dmarc.result === 'skipped') {
    const fault = AUTHORS[dmarc.reason ?? ''];
    if (fault === undefined)
      return { action: 'accept', reasons: ['it names no author that could be checked'] };
    return { action: 'junk', reasons: [`${fault}, so nobody vouches for what is shown`] };
  }
  if (dmarc.result === 'temperror') return undecided(outcomes, 'the DNS did not answer in time');
  if (dmarc.result !== 'fail') return { action: 'accept', reasons: [goodWords(outcomes)] };
  const sealer = trustedSealer(outcomes.arc, trustedSealers);
  if (sealer !== undefined) {
    const reason = `${sealer}, whom we trust, says that it was authentic before it was passed on`;
    return { action: 'accept', reasons: [reason] };
  }
  if (mayHavePassed(outcomes)) return undecided(outcomes, 'the DNS did not answer in time');
  return refused(outcomes);
}

/** DMARC says so; or, for a domain that asks for nothing, its own SPF or a signature of its own. */
export function isAuthorKnown({ dmarc, spf, dkim }: Outcomes): boolean {
  if (dmarc.result !== 'none') return dmarc.result === 'pass';
  return [spf, ...dkim].some(({ result, domain }) => result === 'pass' && speaksFor(domain, dmarc.domain));
}

/**
 * The sender of the envelope, to whom reports go, has to do with it: its domain lets this client send, or has signed. Anybody can
 * sign with a domain of his own, and name somebody else as the sender. Never so for an empty one.
 */
export function isSenderKnown({ spf, dkim }: Outcomes, mailFrom: string): boolean {
  if (mailFrom === '') return false;
  // Of a sender that is not empty, SPF judges the domain.
  if (spf.result === 'pass') return true;
  const sender = domainToASCII(mailFrom.slice(mailFrom.lastIndexOf('@') + 1));
  return dkim.some(({ result, domain }) => result === 'pass' && speaksFor(domain, sender));
}

/** It is the domain, or above it: whoever has a name commands those below. */
function speaksFor(above: string, domain: string): boolean {
  const [name, other] = [above.toLowerCase(), domain.toLowerCase()];
  return name.includes('.') && (other === name || other.endsWith(`.${name}`));
}

function refused({ dmarc, spf, dkim }: Outcomes): Verdict {
  const failed = `nothing proves that it comes from ${dmarc.domain}`;
  const reasons = [failed, spfWords(spf), ...dkimWords(dkim)];
  if (dmarc.policy === 'reject')
    return {
      action: 'reject',
      reasons: [...reasons, `${dmarc.domain} asks to refuse such mail`],
      enhancedCode: '5.7.26',
    };
  if (dmarc.policy === 'quarantine')
    return { action: 'junk', reasons: [...reasons, `${dmarc.domain} asks to set such mail apart`] };
  return { action: 'accept', reasons };
}

/** Whoever keeps us from asking must get nothing by it that an answer would have refused. */
function undecided({ dmarc, wasBusy }: Outcomes, why: string): Verdict {
  if (wasBusy && dmarc.policy !== 'none')
    return {
      action: 'defer',
      reasons: ['it could not be checked now; try again later'],
      enhancedCode: '4.7.0',
    };
  if (dmarc.policy !== 'reject') return { action: 'accept', reasons: [`${why}; it could not be checked`] };
  const reason = `${dmarc.domain} asks to refuse mail that is not authentic, and ${why}`;
  return { action: 'defer', reasons: [reason], enhancedCode: '4.7.0' };
}

/** Something that would have counted for the author's domain could not be found out. */
function mayHavePassed({ spf, dkim, dmarc }: Outcomes): boolean {
  if (spf.result === 'temperror' && isRelated(spf.domain, dmarc.domain)) return true;
  return dkim.some(({ result, domain }) => result === 'temperror' && isRelated(domain, dmarc.domain));
}

function isRelated(one: string, other: string): boolean {
  const [a, b] = [one.toLowerCase(), other.toLowerCase()];
  return a === b || (a.includes('.') && b.endsWith(`.${a}`)) || (b.includes('.') && a.endsWith(`.${b}`));
}

/** A set counts when everybody who has sealed since is trusted too (RFC 8617 §7.2). */
function trustedSealer({ result, sealers }: ArcOutcome, trusted: readonly string[]): string | undefined {
  if (result !== 'pass') return undefined;
  const names = new Set(trusted.map((name) => name.toLowerCase()));
  for (const { domain, saysDmarcPass } of sealers) {
    if (!names.has(domain.toLowerCase())) return undefined;
    if (saysDmarcPass) return domain;
  }
  return undefined;
}

function goodWords({ dmarc, spf, dkim }: Outcomes): string {
  if (dmarc.result === 'pass') return `it comes from ${dmarc.domain}`;
  const signers = dkim.filter(({ result }) => result === 'pass').map(({ domain }) => domain);
  if (signers.length > 0) return `it is signed by ${[...new Set(signers)].join(' and ')}`;
  if (spf.result === 'pass') return `its sender may use ${spf.domain}`;
  return 'its domain says nothing about which mail is authentic';
}

function spfWords({ result, domain }: SpfOutcome): string {
  if (result === 'pass') return `it was sent for ${domain} (SPF), which is another domain`;
  if (result === 'fail' || result === 'softfail')
    return `its sender may not send for ${domain} (SPF ${result})`;
  return `SPF says nothing about it (${result})`;
}

function dkimWords(dkim: readonly DkimOutcome[]): string[] {
  if (dkim.length === 0) return ['it is not signed (DKIM)'];
  return dkim.map(({ result, domain, reason }) => {
    if (result === 'pass') return `it is signed by ${domain} (DKIM), which is another domain`;
    return `the signature of ${domain} does not hold (DKIM ${result}${reason === undefined ? '' : `: ${reason}`})`;
  });
}
