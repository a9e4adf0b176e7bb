/**
 * URLAUTH (RFC 4467), URLAUTH=BINARY (RFC 5524) and URL-PARTIAL (RFC 5550): URLs by which somebody else reads one message, or
 * one part of it, and nothing besides, until they expire or their owner takes the key away.
 *
 * URLFETCH answers NIL to all that it does not give, for whatever reason. It marks nothing as read, and needs no mailbox to be open.
 */
import { randomBytes } from 'node:crypto';
import { structureAt } from '../../mail/structure-at.ts';
import type { FactPart } from '../../mailbox/model/facts.ts';
import { emailId } from '../../mailbox/model/model.ts';
import { recordAt } from '../../mailbox/model/record.ts';
import { setAnnotations } from '../../mailbox/operations/annotations.ts';
import { mailboxOf } from '../../mailbox/operations/mailboxes.ts';
import { loadFacts } from '../../mailbox/reading/message-reader.ts';
import { loadList } from '../../mailbox/state/load.ts';
import { defineCommand, SIGNED_IN } from '../command.ts';
import type { SignedIn } from '../context.ts';
import { defineExtension } from '../extension.ts';
import { writeSection } from '../fetch/body-items.ts';
import { MessageCursor } from '../fetch/message.ts';
import { bad, type Completion, no, ok } from '../replies.ts';
import {
  type Authorized,
  authorizedBy,
  GENERATION,
  keyOwner,
  MECHANISM,
  ownerNamed,
} from '../url/authorized.ts';
import { mailboxAt } from '../url/part.ts';
import { end } from '../wire/grammar.ts';
import { type ImapUrl, imapUrl } from '../wire/imap-url.ts';
import {
  keysToReset,
  type UrlData,
  type UrlToAuthorize,
  type UrlToFetch,
  urlsToAuthorize,
  urlsToFetch,
} from '../wire/url-args.ts';
import { asciiOctets, type WireWriter } from '../wire/writer.ts';
import { writeBinary } from './binary.ts';

const GENERATION_BYTES = 16;

const genUrlAuth = defineCommand({
  name: 'GENURLAUTH',
  states: SIGNED_IN,
  needsNoMessages: true,
  parse(c) {
    const urls = urlsToAuthorize(c);
    end(c);
    return urls;
  },
  async run(call, wanted) {
    if (wanted.some(({ mechanism }) => mechanism !== MECHANISM))
      return no('The only mechanism is INTERNAL', 'CANNOT');
    const authorized: string[] = [];
    for (const one of wanted) {
      const url = await authorize(call, one);
      if (typeof url !== 'string') return url;
      authorized.push(url);
    }
    const { out } = call.session;
    out.ascii('* GENURLAUTH');
    for (const url of authorized) out.sp().string(url);
    out.crlf();
    return ok('GENURLAUTH completed');
  },
});

/** RFC 4467 §7: a mailbox that is there, of this account, and an access identifier; whom that names is nobody's business. */
async function authorize({ session }: SignedIn, { url: text }: UrlToAuthorize): Promise<string | Completion> {
  const { own: account } = session.reach;
  const url = imapUrl(text);
  if (url?.authorization === undefined || url.authorization.verifier !== undefined)
    return bad('Expected the URL of a message that ends in ;URLAUTH= and who may use it');
  const { server, mailbox: name, authorization } = url;
  const { address } = account.record;
  const mailbox = name === undefined ? undefined : mailboxAt(account, name);
  if (server === undefined || ownerNamed(server, address) !== address || mailbox === undefined)
    return bad('Expected the URL of a message of this account, as in imap://user@host/mailbox/;UID=1');
  const { rump } = authorization;
  const token = session.urls.token(rump, await keyOwner(session, account, mailbox));
  return `${rump}:${MECHANISM}:${token}`;
}

const urlFetch = defineCommand({
  name: 'URLFETCH',
  states: SIGNED_IN,
  needsNoMessages: true,
  mayTakeLong: true,
  parse(c) {
    const urls = urlsToFetch(c);
    end(c);
    return urls;
  },
  async run(call, wanted) {
    const { session } = call;
    for (const one of wanted) {
      const message = await messageOf(call, one);
      const { out } = session;
      out.ascii('* URLFETCH ').string(Buffer.from(one.url, 'latin1')).sp();
      if (message === undefined) out.nil();
      else await writeData(out, message, one.wanted);
      out.crlf();
      const pause = session.breathe();
      if (pause !== undefined) await pause;
    }
    return ok('URLFETCH completed');
  },
});

interface NamedMessage {
  readonly url: ImapUrl;
  readonly cursor: MessageCursor;
}

async function messageOf(
  call: SignedIn,
  { url: text, wanted }: UrlToFetch,
): Promise<NamedMessage | undefined> {
  const url = imapUrl(text);
  const { domain, urls, log } = call.session;
  const asking = { domain, urls, log, account: call.session.reach.own };
  const found = url && (await authorizedBy(asking, url));
  return found && showMessage(call, found, url, wanted);
}

async function showMessage(
  { session }: SignedIn,
  { account, mailbox }: Authorized,
  url: ImapUrl,
  wanted: readonly UrlData[] = [],
): Promise<NamedMessage | undefined> {
  const { uid, uidValidity } = url;
  if (uidValidity !== undefined && uidValidity !== mailbox.uidValidity) return undefined;
  const list = await loadList(session.domain, account, mailbox);
  const row = list.indexOf(uid);
  if (row < 0) return undefined;
  const record = recordAt(list.columns, row);
  const parts: readonly FactPart[] = wanted.includes('BODYPARTSTRUCTURE')
    ? ['parts', 'bodyStructure']
    : ['parts'];
  const [email] = await loadFacts(session.domain, [emailId(account.id, record.email)], parts);
  const cursor = new MessageCursor(session, account.id);
  cursor.show({ seq: row + 1, uid, record, row, email, octets: [] });
  return { url, cursor };
}

/** RFC 4467 §8, or with `wanted` RFC 5524 §3.2. */
async function writeData(
  out: WireWriter,
  message: NamedMessage,
  wanted: UrlToFetch['wanted'],
): Promise<void> {
  if (wanted === undefined) return writeBody(out, message, '');
  for (const [index, one] of wanted.entries()) {
    if (index > 0) out.sp();
    out.open();
    if (one === 'BODY') await writeBody(out, message, 'BODY ');
    else if (one === 'BINARY') await writeDecoded(out, message);
    else out.ascii('BODYPARTSTRUCTURE ').raw(structureOf(message));
    out.close();
  }
}

async function writeBody(out: WireWriter, { url, cursor }: NamedMessage, label: string): Promise<void> {
  const args = { section: url.section, ...octetsWanted(url), label: asciiOctets(label), wanted: undefined };
  await writeSection(out, cursor, args);
}

/** A header is sent as it stands: nothing encodes it. */
async function writeDecoded(out: WireWriter, message: NamedMessage): Promise<void> {
  const { url, cursor } = message;
  const { path, kind } = url.section;
  if (kind !== 'all') return writeBody(out, message, 'BINARY ');
  await writeBinary(out, cursor, { path, ...octetsWanted(url), label: 'BINARY ' });
}

/** Of what is no part there is no structure. */
function structureOf({ url: { section }, cursor }: NamedMessage): Buffer {
  const structure = section.kind === 'all' ? cursor.email?.bodyStructure : undefined;
  return (structure && structureAt(structure, section.path)) ?? NIL;
}

const NIL = Buffer.from('NIL');

/** RFC 5092 §4: without a length all that follows. */
function octetsWanted({ partial }: ImapUrl): { readonly partial?: { offset: number; length: number } } {
  if (partial === undefined) return {};
  const { offset, length = Number.MAX_SAFE_INTEGER } = partial;
  return { partial: { offset, length } };
}

const resetKey = defineCommand({
  name: 'RESETKEY',
  states: SIGNED_IN,
  needsNoMessages: true,
  parse(c) {
    const keys = keysToReset(c);
    end(c);
    return keys;
  },
  async run({ session }, { mailbox: name, mechanisms }) {
    if (mechanisms.some((one) => one !== MECHANISM)) return no('The only mechanism is INTERNAL', 'CANNOT');
    const mailbox = name === undefined ? undefined : mailboxOf(session.reach.own, name);
    const fresh = { name: GENERATION, value: randomBytes(GENERATION_BYTES) };
    await setAnnotations(session.domain, session.reach.own, mailbox, [fresh]);
    return ok('RESETKEY completed', `URLMECH ${MECHANISM}`);
  },
});

export const urlAuth = defineExtension({
  rfc: 'RFC 4467 URLAUTH, RFC 5524 URLAUTH=BINARY, RFC 5550 URL-PARTIAL',
  capabilities: () => ['URLAUTH', 'URLAUTH=BINARY', 'URL-PARTIAL'],
  commands: [genUrlAuth, urlFetch, resetKey],
});
