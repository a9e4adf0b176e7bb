/** Email/parse (RFC 8621 §4.9): blobs as emails, attached messages above all. */
import { HeaderBlock } from '../../mail/header.ts';
import { MessageAnalyzer, type MessageFacts } from '../../mail/message.ts';
import { decodeParts } from '../../mail/part-codec.ts';
import { TRAIT } from '../../mail/traits.ts';
import { inPieces } from '../blobs/held-octets.ts';
import { isMessage } from '../blobs/nested-blob.ts';
import { PARSE_ARGUMENTS, parseBlobs } from '../blobs/parse-blobs.ts';
import { MAIL } from '../capabilities.ts';
import { list, type Reader, ReadFault, readArguments, text, withDefault } from '../core/arguments.ts';
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
import { MessageViews } from './message-view.ts';

const emailProperties: Reader<readonly string[]> = (value) => {
  const names = list(text)(value);
  const wrong = names.find((name) => !EMAIL_PROPERTIES.includes(name) && !isHeaderProperty(name));
  if (wrong !== undefined) throw new ReadFault(`no property of an email: ${wrong.slice(0, 200)}`);
  return names;
};

const TABLE = {
  ...PARSE_ARGUMENTS,
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
      const properties = new Set(args.properties);
      const message = messageProperties(properties);
      const views = new MessageViews(message, args);
      const answer = await parseBlobs(findBlob, call, account, args.blobIds, async (octets, blobId) =>
        isMessage(octets) ? viewOf(octets, blobId) : undefined,
      );
      return { accountId: args.accountId, ...answer };

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
          ...(await views.header(new HeaderBlock(octets.subarray(0, parts.bodyStart)))),
          ...(await views.body(viewed)),
        };
        const out: Record<string, Json> = {};
        // What only mail that is stored has is null.
        for (const name of properties) out[name] = all[name] ?? null;
        return out;
      }
    },
  };
}

async function analyzed(octets: Buffer): Promise<MessageFacts> {
  const analyzer = new MessageAnalyzer();
  await inPieces(octets, (piece) => void analyzer.write(piece));
  return analyzer.end();
}
