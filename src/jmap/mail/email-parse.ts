/**
 * Email/parse (RFC 8621 §4.9): blobs as emails, attached messages above all. A blob is held in memory while it is looked at, one at a
 * time.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import { HeaderBlock } from '../../mail/header.ts';
import { MessageAnalyzer, type MessageFacts } from '../../mail/message.ts';
import { decodeParts } from '../../mail/part-codec.ts';
import { TRAIT } from '../../mail/traits.ts';
import type { Blob } from '../blobs/mail-blob.ts';
import { isMessage } from '../blobs/nested-blob.ts';
import { MAIL } from '../capabilities.ts';
import { id, list, type Reader, ReadFault, readArguments, text, withDefault } from '../core/arguments.ts';
import { MethodError } from '../core/fault.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Method } from '../core/method.ts';
import {
  BODY_ARGUMENTS,
  EMAIL_PROPERTIES,
  isHeaderProperty,
  MESSAGE_DEFAULTS,
  messageProperties,
} from './email-arguments.ts';
import type { EmailWriting } from './email-writing.ts';
import { heldOctets } from './message-octets.ts';
import { BodyViews, headerView } from './message-view.ts';

/** Of all blobs of a call. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Analyzed at once: some hundred microseconds. */
const PIECE_BYTES = 64 * 1024;

const emailProperties: Reader<readonly string[]> = (value) => {
  const names = list(text)(value);
  const wrong = names.find((name) => !EMAIL_PROPERTIES.includes(name) && !isHeaderProperty(name));
  if (wrong !== undefined) throw new ReadFault(`no property of an email: ${wrong.slice(0, 200)}`);
  return names;
};

const TABLE = {
  accountId: id,
  blobIds: list(text),
  properties: withDefault(emailProperties, MESSAGE_DEFAULTS),
  ...BODY_ARGUMENTS,
};

export function emailParse({ findBlob }: Pick<EmailWriting, 'findBlob'>): Method {
  return {
    name: 'Email/parse',
    capability: MAIL,
    async run(raw, call) {
      const args = readArguments(raw, TABLE);
      const account = await call.account(args.accountId);
      const blobIds = [...new Set(args.blobIds)];
      if (blobIds.length > call.limits.maxObjectsInGet)
        throw new MethodError('requestTooLarge', `at most ${call.limits.maxObjectsInGet} blobs at once`);
      const properties = new Set(args.properties);
      const message = messageProperties(properties);
      const bodies = new BodyViews(message, args);
      const parsed: Record<string, JsonObject> = {};
      const notParsable: string[] = [];
      const notFound: string[] = [];
      let left = MOST_BYTES;
      for (const blobId of blobIds) {
        const blob = await findBlob(call.domain, account, blobId);
        if (blob === undefined) {
          notFound.push(blobId);
          continue;
        }
        left -= blob.mostBytes;
        if (left < 0)
          throw new MethodError('requestTooLarge', 'the blobs are too large to be parsed at once');
        const octets = await held(blob);
        if (isMessage(octets)) parsed[blobId] = await viewOf(octets, blobId);
        else notParsable.push(blobId);
      }
      return {
        accountId: args.accountId,
        parsed: Object.keys(parsed).length === 0 ? null : parsed,
        notParsable: notParsable.length === 0 ? null : notParsable,
        notFound: notFound.length === 0 ? null : notFound,
      };

      async function viewOf(octets: Buffer, blobId: string): Promise<JsonObject> {
        const facts = await analyzed(octets);
        const parts = decodeParts(facts.parts);
        const viewed = {
          ...{ octets: heldOctets(octets), parts },
          blobIdOf: (path: readonly number[]) => [blobId, ...path].join('-'),
        };
        const all: JsonObject = {
          blobId,
          size: octets.length,
          hasAttachment: (facts.traits & TRAIT.HasAttachment) !== 0,
          preview: facts.preview.toString(),
          ...headerView(new HeaderBlock(octets.subarray(0, parts.bodyStart)), message),
          ...(await bodies.of(viewed)),
        };
        const out: Record<string, Json> = {};
        // What only mail that is stored has is null.
        for (const name of properties) out[name] = all[name] ?? null;
        return out;
      }
    },
  };
}

async function held(blob: Blob): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of blob.open()) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

async function analyzed(octets: Buffer): Promise<MessageFacts> {
  const analyzer = new MessageAnalyzer();
  const slice = new TimeSlice();
  for (let at = 0; at < octets.length; at += PIECE_BYTES) {
    analyzer.write(octets.subarray(at, at + PIECE_BYTES));
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
  return analyzer.end();
}
