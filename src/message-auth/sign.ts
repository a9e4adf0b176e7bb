/**
 * DKIM signatures for mail that leaves (RFC 6376 §5, RFC 8463): relaxed/relaxed, no `l=`, no `x=`. The fields that people see and
 * answer to are signed, and From once more than it is there, so that none can be added (RFC 6376 §8.15).
 *
 * What is signed are the octets as they leave: line ends are CRLF before they come here. Nothing of the body is kept.
 */
import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { latin1 } from '../base/bytes.ts';
import { foldAscii, HeaderBlock } from '../mail/header.ts';
import { BodyHash } from './body-hash.ts';
import { algorithmOf } from './keys.ts';

export interface SigningKey {
  /** `d=`, in ASCII. */
  readonly domain: string;
  readonly selector: string;
  /** RSA or Ed25519; as an object it is read once. */
  readonly key: KeyObject;
}

/** RFC 6376 §5.4.1, RFC 8058 §4. In the order of `h=`. */
export const SIGNED_FIELDS: readonly string[] = [
  ...['From', 'Sender', 'Reply-To', 'Subject', 'Date', 'Message-ID', 'To', 'Cc', 'In-Reply-To', 'References'],
  ...['MIME-Version', 'Content-Type', 'Content-Transfer-Encoding', 'Content-ID', 'Content-Description'],
  ...['Content-Disposition', 'List-Id', 'List-Help', 'List-Unsubscribe', 'List-Unsubscribe-Post'],
  ...['List-Subscribe', 'List-Post', 'List-Owner', 'List-Archive'],
];

const signAsync = promisify(sign);
const LINE = 74;

/** Throws TypeError for what is no RSA or Ed25519 key. */
export function signingKey(domain: string, selector: string, pem: string): SigningKey {
  const key = createPrivateKey(pem);
  algorithmOf(key);
  return { domain, selector, key };
}

/** A message that passes by, header first, in pieces of any size. */
export class MessageSigner {
  readonly #header: Buffer;
  readonly #body = new BodyHash({ form: 'relaxed' });
  #bodyHash: string | undefined;

  /** `header` with or without its blank line. */
  constructor(header: Buffer) {
    this.#header = header;
  }

  update(body: Buffer): void {
    this.#body.update(body);
  }

  /** Of the whole body, when it has come, in base64: for a seal (`seal.ts`). */
  get bodyHash(): string {
    this.#bodyHash ??= this.#body.digest();
    return this.#bodyHash;
  }

  finish(keys: readonly SigningKey[], nowMs: number): Promise<string> {
    return signHeader(this.#header, this.bodyHash, keys, nowMs);
  }
}

/**
 * One field for each key, with line ends: to stand in front of the message. `bodyHash`: of the whole body, relaxed, in base64.
 * Empty for a message without From, which nobody can sign (§5.4).
 */
export async function signHeader(
  header: Buffer,
  bodyHash: string,
  keys: readonly SigningKey[],
  nowMs: number,
): Promise<string> {
  const { names, canonical } = signedPart(header);
  if (names[0] !== 'From') return '';
  const fields = await Promise.all(
    keys.map(async ({ domain, selector, key }) => {
      const algorithm = `${algorithmOf(key)}-sha256`;
      const tags = [
        ...['v=1', `a=${algorithm}`, 'c=relaxed/relaxed', `d=${domain}`, `s=${selector}`],
        ...[`t=${Math.floor(nowMs / 1000)}`, `h=${names.join(':')}`, `bh=${bodyHash}`, 'b='],
      ];
      const unsigned = `DKIM-Signature: ${foldTags(tags)}`;
      const octets = Buffer.concat([canonical, Buffer.from(relaxedField(unsigned))]);
      const signature = await signOctets(octets, key);
      return `${unsigned}${foldBase64(signature.toString('base64'))}\r\n`;
    }),
  );
  return fields.join('');
}

/** RFC 8463 §3: Ed25519 signs the hash. */
function signOctets(octets: Buffer, key: KeyObject): Promise<Buffer> {
  if (algorithmOf(key) === 'rsa') return signAsync('sha256', octets, key);
  return signAsync(null, createHash('sha256').update(octets).digest(), key);
}

/** The fields that are signed, from the last to the first of each name (§5.4.2), and their names. */
function signedPart(header: Buffer): { names: string[]; canonical: Buffer } {
  const block = new HeaderBlock(header);
  const byName = new Map<string, string[]>();
  for (let i = 0; i < block.count; i++) {
    const { start, nameEnd, end } = block.linesAt(i);
    const name = foldAscii(latin1(header, start, nameEnd));
    const lines = byName.get(name) ?? [];
    lines.push(latin1(header, start, end));
    byName.set(name, lines);
  }
  const names: string[] = [];
  const canonical: string[] = [];
  for (const name of SIGNED_FIELDS) {
    const lines = byName.get(name.toLowerCase()) ?? [];
    for (const line of lines.reverse()) {
      names.push(name);
      canonical.push(`${relaxedField(line)}\r\n`);
    }
    if (name === 'From' && lines.length > 0) names.push(name);
  }
  return { names, canonical: Buffer.from(canonical.join(''), 'latin1') };
}

/** RFC 6376 §3.4.2, without the line end. Octets as latin1. */
export function relaxedField(field: string): string {
  const colon = field.indexOf(':');
  const name = foldAscii(field.slice(0, colon)).replace(/[ \t]+$/, '');
  const value = field
    .slice(colon + 1)
    .replace(/\r?\n/g, '')
    .replace(/[ \t]+/g, ' ');
  return `${name}:${value.replace(/^ | $/g, '')}`;
}

/** Tags in lines; a long list of names is folded at its colons. */
function foldTags(tags: readonly string[]): string {
  let out = '';
  let width = 'DKIM-Signature: '.length;
  const put = (piece: string, glue: string): void => {
    if (out !== '' && width + glue.length + piece.length > LINE) {
      out += `\r\n\t`;
      width = 8;
    } else out += out === '' ? '' : glue;
    out += piece;
    width += piece.length + glue.length;
  };
  tags.forEach((tag, i) => {
    const end = i === tags.length - 1 ? '' : ';';
    tag.split(/(?<=:)/).forEach((piece, j, pieces) => {
      put(j === pieces.length - 1 ? piece + end : piece, j === 0 ? ' ' : '');
    });
  });
  return out;
}

function foldBase64(text: string): string {
  return text.match(/.{1,70}/g)?.join('\r\n\t ') ?? '';
}
