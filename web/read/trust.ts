/**
 * What can be said of a mail's sender, and how loudly. Only what the server found out counts: a field that somebody else wrote says
 * nothing, whatever it says. A doubt names something that a person can see is odd; it is never a guess from the words of the mail.
 */
import { type AuthResults, readAuthResults } from './auth-results.ts';

export interface Person {
  readonly name: string | null;
  readonly email: string;
}

export interface TrustFacts {
  readonly from: readonly Person[];
  readonly replyTo: readonly Person[];
  /** All fields of the name Authentication-Results, the uppermost first. */
  readonly results: readonly string[];
  /** What our server calls itself in these fields; undefined when that is not known. */
  readonly hostname: string | undefined;
  readonly isPhishing: boolean;
  /** Sent by the person who reads it. */
  readonly isOwn: boolean;
  /** What our server knew of the sender when it came; null: nothing that is to be said. */
  readonly firstContact: 'stranger' | 'namesake' | null;
}

export type Trust =
  | { readonly kind: 'own' }
  /** The domain stands for it (DMARC). */
  | { readonly kind: 'verified'; readonly domain: string }
  /** Another domain signed it: a list, or a service that sends for somebody. */
  | { readonly kind: 'signed-by-other'; readonly domain: string }
  | { readonly kind: 'failed'; readonly domain: string }
  /** Nobody vouches for it, and nobody says that it is false. */
  | { readonly kind: 'unverified' }
  /** It was not looked at when it came. */
  | { readonly kind: 'unchecked' };

export type SenderDoubt =
  | { readonly kind: 'phishing' }
  | { readonly kind: 'name-has-other-address'; readonly address: string }
  | { readonly kind: 'reply-goes-elsewhere'; readonly address: string }
  | { readonly kind: 'mixed-letters'; readonly domain: string }
  /** The name of somebody whom one writes to, and a first mail from another address. */
  | { readonly kind: 'namesake'; readonly name: string; readonly address: string }
  | { readonly kind: 'first-and-failed' };

export function trustOf(facts: TrustFacts): Trust {
  if (facts.isOwn) return { kind: 'own' };
  const ours = ourResults(facts);
  if (ours === undefined) return { kind: 'unchecked' };
  const domain = domainOf(facts.from[0]?.email ?? '');
  const dmarc = ours.results.find(({ method }) => method === 'dmarc')?.result;
  if (dmarc === 'pass') return { kind: 'verified', domain };
  if (dmarc === 'fail') return { kind: 'failed', domain };
  const signers = ours.results
    .filter(({ method, result }) => method === 'dkim' && result === 'pass')
    .map(({ properties }) =>
      (properties.get('header.d') ?? domainOf(properties.get('header.i') ?? '')).toLowerCase(),
    )
    .filter((name) => name !== '');
  if (signers.some((name) => isWithin(domain, name))) return { kind: 'verified', domain };
  const [other] = signers;
  return other === undefined ? { kind: 'unverified' } : { kind: 'signed-by-other', domain: other };
}

/** Our own field is the uppermost of our name; those that came along with our name were taken out when the mail came in. */
function ourResults({ results, hostname }: TrustFacts): AuthResults | undefined {
  for (const field of results) {
    const read = readAuthResults(field);
    if (read !== undefined && read.by === hostname?.toLowerCase()) return read;
  }
  return undefined;
}

export function senderDoubts(facts: TrustFacts): SenderDoubt[] {
  const { from, replyTo, isPhishing, isOwn, firstContact } = facts;
  const doubts: SenderDoubt[] = [];
  const [sender] = from;
  if (isPhishing) doubts.push({ kind: 'phishing' });
  if (sender === undefined || isOwn) return doubts;
  const named = addressIn(sender.name ?? '');
  if (named !== undefined && !isSameAddress(named, sender.email))
    doubts.push({ kind: 'name-has-other-address', address: named });
  const elsewhere = replyTo.find(({ email }) => !isSameOrganisation(domainOf(email), domainOf(sender.email)));
  if (elsewhere !== undefined) doubts.push({ kind: 'reply-goes-elsewhere', address: elsewhere.email });
  const domain = domainOf(sender.email);
  if (hasMixedLetters(domain)) doubts.push({ kind: 'mixed-letters', domain });
  if (firstContact === 'namesake')
    doubts.push({ kind: 'namesake', name: sender.name ?? '', address: sender.email });
  else if (firstContact !== null && trustOf(facts).kind === 'failed')
    doubts.push({ kind: 'first-and-failed' });
  return doubts;
}

/** It is to be said in a calm word: no doubt says it. */
export function isPlainFirstContact(facts: TrustFacts): boolean {
  return !facts.isOwn && facts.firstContact === 'stranger' && trustOf(facts).kind !== 'failed';
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

function addressIn(name: string): string | undefined {
  return /[^\s<>"'(),;:]+@[^\s<>"'(),;:]+\.[^\s<>"'(),;:]+/.exec(name)?.[0];
}

function isSameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** `domain` is `parent` or below it. */
function isWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`) || parent.endsWith(`.${domain}`);
}

/** Without a list of public suffixes: the last two names, three where the last but one is as short as in `co.uk`. */
function isSameOrganisation(a: string, b: string): boolean {
  return organisation(a) === organisation(b);
}

function organisation(domain: string): string {
  const names = domain.split('.');
  const [second = '', first = ''] = names.slice(-2);
  return names.slice(first.length === 2 && second.length <= 3 ? -3 : -2).join('.');
}

const SCRIPTS = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u, /\p{Script=Armenian}/u];

/** Letters of two alphabets that look alike within one name. */
export function hasMixedLetters(domain: string): boolean {
  return domain.split('.').some((name) => SCRIPTS.filter((script) => script.test(name)).length > 1);
}
