/**
 * The octets of every email of an account against their checksums, and the stored facts against their plainest shape.
 * An email that went away while it was looked at is no problem.
 */

import type { Domain } from '../domain.ts';
import {
  type AccountId,
  type EmailFacts,
  type EmailId,
  emailAccount,
  emailId,
  emailNumber,
} from '../model/model.ts';
import type { AccountPass } from './check-account.ts';

export type VerifyEvent =
  | { readonly kind: 'problem'; readonly mailbox?: string; readonly uid?: number; readonly what: string }
  | { readonly kind: 'progress'; readonly messages: number; readonly bytes: number };

const EMAILS_PER_READ = 256;
const BYTES_PER_READ = 8 * 1024 * 1024;

export async function* verifyAccount(
  domain: Pick<Domain, 'store'>,
  account: AccountId,
  pass: AccountPass,
): AsyncGenerator<VerifyEvent> {
  let messages = 0;
  let bytes = 0;
  let after: number = emailId(account, 0);
  for (;;) {
    const page = await domain.store.listEmails(account, after, EMAILS_PER_READ);
    for (const group of groupsOf(page)) {
      const faults = await faultsOf(
        domain,
        group.map(({ id }) => id),
      );
      for (const [id, what] of faults) {
        const places = pass.placesOf(emailNumber(id));
        for (const place of places.length === 0 ? [{}] : places) yield { kind: 'problem', ...place, what };
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

async function faultsOf(
  domain: Pick<Domain, 'store'>,
  ids: readonly EmailId[],
): Promise<Map<EmailId, string>> {
  const faults = new Map<EmailId, string>();
  const verified = await domain.store.verifyEmails(ids);
  const facts = await domain.store.loadEmails(ids, ['envelope', 'bodyStructure', 'parts']);
  for (const [i, id] of ids.entries()) {
    const one = facts[i];
    if (verified[i] === 'missing') faults.set(id, 'its octets are missing');
    if (verified[i] === 'damaged') faults.set(id, 'its octets do not match their checksum');
    if (one !== undefined && !hasFacts(one))
      faults.set(id, 'what was computed from it at delivery is damaged');
    if (one === undefined && verified[i] === 'ok') faults.set(id, 'what was computed from it cannot be read');
  }
  return faults.size === 0 ? faults : stillThere(domain, faults);
}

async function stillThere(
  domain: Pick<Domain, 'store'>,
  faults: Map<EmailId, string>,
): Promise<Map<EmailId, string>> {
  const confirmed = new Map<EmailId, string>();
  for (const [id, what] of faults) {
    const [found] = await domain.store.listEmails(emailAccount(id), id - 1, 1);
    if (found?.id === id) confirmed.set(id, what);
  }
  return confirmed;
}

function hasFacts({ envelope, bodyStructure }: EmailFacts): boolean {
  return isList(envelope) && isList(bodyStructure);
}

function isList(wire: Buffer): boolean {
  return wire[0] === 0x28 && wire[wire.length - 1] === 0x29;
}
