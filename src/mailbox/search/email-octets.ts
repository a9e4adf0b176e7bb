/** Octets of emails as the index wants them: headers and what may be text, without the attachments, which are most of it. */
import { HeaderBlock, MAX_PARSED_BYTES } from '../../mail/header.ts';
import { readMimeFields } from '../../mail/mime-fields.ts';
import type { PartOffsets } from '../../mail/part.ts';
import { decodeParts } from '../../mail/part-codec.ts';
import type { Domain } from '../domain.ts';
import { type AccountId, type EmailId, emailId } from '../model/model.ts';
import type { ByteRange } from '../port/store.ts';
import { loadFacts, readIntact } from '../reading/message-reader.ts';
import type { EmailOctets } from './index-worker.ts';

/** A message up to this is read whole. */
const SMALL_BYTES = 64 * 1024;
/** Of one message; what has more text is looked at by every search. */
const MOST_BYTES = 4 * 1024 * 1024;

interface Wanted {
  readonly email: number;
  readonly parts: Buffer | undefined;
  readonly ranges: readonly ByteRange[];
}

/** Of each, in their order. */
export async function readEmails(
  domain: Domain,
  account: AccountId,
  emails: ArrayLike<number>,
): Promise<readonly EmailOctets[]> {
  const ids = Array.from(emails, (email): EmailId => emailId(account, email));
  const facts = await loadFacts(domain, ids, ['parts']);
  const wanted: Wanted[] = [];
  for (const [i, id] of ids.entries()) {
    const parts = facts[i]?.parts;
    const root = parts === undefined ? undefined : decodedParts(parts);
    const ranges = root === undefined ? undefined : await rangesOf(domain, id, root);
    wanted.push({ email: emails[i] as number, parts, ranges: ranges ?? [] });
  }
  const read = await readIntact(
    domain,
    wanted.flatMap(({ ranges }) => ranges),
  );
  let at = 0;
  return wanted.map(({ email, parts, ranges }) => {
    const stretches = ranges.flatMap(({ start }) => {
      const octets = read[at++];
      return octets === undefined ? [] : [{ start, octets }];
    });
    return { email, parts: stretches.length === 0 ? undefined : parts, stretches };
  });
}

function decodedParts(octets: Buffer): PartOffsets | undefined {
  try {
    return decodeParts(octets);
  } catch {
    return undefined;
  }
}

/** Undefined when a header cannot be read. */
async function rangesOf(
  domain: Domain,
  email: EmailId,
  root: PartOffsets,
): Promise<readonly ByteRange[] | undefined> {
  if (root.end <= SMALL_BYTES) return [{ email, start: 0, end: root.end }];
  const ranges: ByteRange[] = [];
  let left = MOST_BYTES;
  const take = (start: number, end: number): void => {
    if (end - start > left || end === start) return;
    left -= end - start;
    ranges.push({ email, start, end });
  };
  for (const part of partsIn(root)) {
    take(part.headerStart, part.bodyStart);
    if (part.kind !== 'leaf') continue;
    if (part.end - part.bodyStart > SMALL_BYTES) {
      const end = Math.min(part.bodyStart, part.headerStart + MAX_PARSED_BYTES);
      const [header] = await readIntact(domain, [{ email, start: part.headerStart, end }]);
      if (header === undefined) return undefined;
      const { mediaType } = readMimeFields(new HeaderBlock(header), false);
      if (!mediaType.startsWith('text/')) continue;
    }
    take(part.bodyStart, part.end);
  }
  return ranges;
}

/** A part without a type is taken for text, though in a digest it would be a message (RFC 2046 §5.1.5): that is read for nothing. */
function* partsIn(part: PartOffsets): Generator<PartOffsets> {
  yield part;
  for (const child of part.children) yield* partsIn(child);
}
