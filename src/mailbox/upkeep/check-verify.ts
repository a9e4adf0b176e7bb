/**
 * The octets of every email of an account against their checksums, and the stored facts against their plainest shape; facts
 * that are damaged can be computed again from octets that are not. An email that went away while it was looked at is no problem.
 */

import type { Domain } from '../domain.ts';
import { DERIVED_PARTS, type EmailFacts, FACTS_VERSION } from '../model/facts.ts';
import { type AccountId, type EmailId, emailAccount, emailId, emailNumber } from '../model/model.ts';
import { failureIn } from '../port/store-words.ts';
import type { AccountPass } from './check-account.ts';

export type VerifyEvent =
  | {
      readonly kind: 'problem';
      readonly mailbox?: string;
      readonly uid?: number;
      readonly what: string;
      readonly repaired: boolean;
    }
  | { readonly kind: 'progress'; readonly messages: number; readonly bytes: number };

const EMAILS_PER_READ = 256;
const BYTES_PER_READ = 8 * 1024 * 1024;

export async function* verifyAccount(
  domain: Pick<Domain, 'store'>,
  account: AccountId,
  pass: AccountPass,
  mend?: (email: EmailId, sizeBytes: number) => Promise<boolean>,
): AsyncGenerator<VerifyEvent> {
  const isCurrent = pass.row.factsVersion >= FACTS_VERSION;
  let messages = 0;
  let bytes = 0;
  let after: number = emailId(account, 0);
  for (;;) {
    const page = await domain.store.listEmails(account, after, EMAILS_PER_READ);
    for (const group of groupsOf(page)) {
      const faults = await faultsOf(
        domain,
        group.map(({ id }) => id),
        isCurrent,
      );
      for (const [id, { what, isAboutFacts }] of faults) {
        const sizeBytes = group.find((email) => email.id === id)?.sizeBytes ?? 0;
        const repaired = isAboutFacts && mend !== undefined && (await mend(id, sizeBytes));
        const places = pass.placesOf(emailNumber(id));
        for (const place of places.length === 0 ? [{}] : places)
          yield { kind: 'problem', ...place, what, repaired };
      }
      messages += group.length;
      for (const { sizeBytes } of group) bytes += sizeBytes;
      yield { kind: 'progress', messages, bytes };
    }
    const last = page.at(-1);
    if (last === undefined || page.length < EMAILS_PER_READ) return;
    after = last.id;
  }
}

interface Listed {
  readonly id: EmailId;
  readonly sizeBytes: number;
}

function* groupsOf(page: readonly Listed[]): Generator<readonly Listed[]> {
  let group: Listed[] = [];
  let bytes = 0;
  for (const email of page) {
    if (group.length > 0 && bytes + email.sizeBytes > BYTES_PER_READ) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(email);
    bytes += email.sizeBytes;
  }
  if (group.length > 0) yield group;
}

interface Fault {
  readonly what: string;
  /** The octets are sound, and what was computed from them is not. */
  readonly isAboutFacts: boolean;
}

async function faultsOf(
  domain: Pick<Domain, 'store'>,
  ids: readonly EmailId[],
  isCurrent: boolean,
): Promise<Map<EmailId, Fault>> {
  try {
    return await faultsTogether(domain, ids, isCurrent);
  } catch (error) {
    const failure = failureIn(error);
    if (failure === undefined) throw error;
    // One file that cannot be opened is no reason to look at no other.
    if (ids.length === 1)
      return new Map([[ids[0] as EmailId, { what: `it cannot be read: ${failure}`, isAboutFacts: false }]]);
  }
  const faults = new Map<EmailId, Fault>();
  for (const id of ids)
    for (const [hit, fault] of await faultsOf(domain, [id], isCurrent)) faults.set(hit, fault);
  return faults;
}

async function faultsTogether(
  domain: Pick<Domain, 'store'>,
  ids: readonly EmailId[],
  isCurrent: boolean,
): Promise<Map<EmailId, Fault>> {
  const faults = new Map<EmailId, Fault>();
  const verified = await domain.store.verifyEmails(ids);
  const wire = await domain.store.loadEmails(ids, ['envelope', 'bodyStructure', 'parts']);
  const derived = await domain.store.loadEmails(ids, DERIVED_PARTS);
  for (const [i, id] of ids.entries()) {
    const octets = verified[i];
    const one = wire[i];
    if (octets === 'missing') faults.set(id, { what: 'its octets are missing', isAboutFacts: false });
    else if (octets === 'damaged')
      faults.set(id, { what: 'its octets do not match their checksum', isAboutFacts: false });
    else if (one === undefined)
      faults.set(id, { what: 'what was computed from it cannot be read', isAboutFacts: true });
    else if (!hasFacts(one))
      faults.set(id, { what: 'what was computed from it at delivery is damaged', isAboutFacts: true });
    else if (isCurrent && derived[i]?.version === undefined)
      faults.set(id, { what: 'what is searched and sorted of it is missing or damaged', isAboutFacts: true });
  }
  return faults.size === 0 ? faults : stillThere(domain, faults);
}

async function stillThere(
  domain: Pick<Domain, 'store'>,
  faults: Map<EmailId, Fault>,
): Promise<Map<EmailId, Fault>> {
  const confirmed = new Map<EmailId, Fault>();
  for (const [id, fault] of faults) {
    const [found] = await domain.store.listEmails(emailAccount(id), id - 1, 1);
    if (found?.id === id) confirmed.set(id, fault);
  }
  return confirmed;
}

function hasFacts({ envelope, bodyStructure }: EmailFacts): boolean {
  return isList(envelope) && isList(bodyStructure);
}

function isList(wire: Buffer | undefined): boolean {
  return wire !== undefined && wire[0] === 0x28 && wire[wire.length - 1] === 0x29;
}
