/**
 * The signatures of a message that passes by: DKIM (RFC 6376, RFC 8463, RFC 8301) and the chain of ARC (RFC 8617).
 *
 * `mailauth` judges the signatures, asks for the keys and verifies. The octets are ours: fields come from `mail/header.ts` and
 * bodies through `body-hash.ts`, both linear, where the package's own reading of a header of 120 KB takes seconds and holds a
 * line of any length in memory. What it does for each signature with each field is bounded here by number.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { ArcResult } from 'mailauth/lib/arc/index.js';
import type {
  ArcData,
  BodyHashSlot,
  DkimVerifier,
  Headers,
  SignatureHeader,
  SignatureResult,
} from 'mailauth/lib/dkim/dkim-verifier.js';
import { EMPTY } from '../base/bytes.ts';
import { BodyHash } from './body-hash.ts';
import type { HeaderRow } from './header-rows.ts';
import type { AskAsNode } from './questions.ts';

export const MAX_SIGNATURES = 10;
/** Real ones have some 2 KiB; each tag costs time to read. */
const MAX_FIELD_BYTES = 8 * 1024;
/** RFC 6376 §3.5 `h=`: real ones name some thirty fields. */
const MAX_SIGNED_NAMES = 200;
/** Each seal is made over all the sets before it: as many octets are read for a whole chain, no more. */
const MAX_ARC_WORK_BYTES = 1024 * 1024;
const MIN_RSA_BITS = 1024;
/** The hash of the whole body, by the key of `addBodyHash`. */
const OWN_KEY = 'relaxed:sha256:';
const ARC_FIELDS = ['arc-seal', 'arc-message-signature', 'arc-authentication-results'];

export interface SignatureOutcome {
  readonly signatures: readonly SignatureResult[];
  readonly arc: ArcResult;
  readonly chain: ArcData;
  readonly headers: Headers;
  /** Of the whole body, relaxed: what a seal of ours signs (`seal.ts`). */
  readonly bodyHash: string;
  readonly hasTooMany: boolean;
}

export class SignatureCheck {
  readonly #verifier: DkimVerifier;
  readonly #hashes: Map<string, BodyHash>;
  readonly #headers: Headers;
  readonly #hasTooMany: boolean;
  readonly #isArcTooLarge: boolean;
  readonly #resolver: AskAsNode;

  private constructor(
    verifier: DkimVerifier,
    hashes: Map<string, BodyHash>,
    rows: readonly HeaderRow[],
    resolver: AskAsNode,
  ) {
    this.#verifier = verifier;
    this.#hashes = hashes;
    this.#headers = { parsed: rows, original: EMPTY };
    const signatures = rows.filter(({ key }) => key === 'dkim-signature');
    this.#hasTooMany = signatures.length > MAX_SIGNATURES || signatures.some(isTooLong);
    this.#isArcTooLarge = !isChainReadable(rows);
    this.#resolver = resolver;
    if (!hashes.has(OWN_KEY)) hashes.set(OWN_KEY, new BodyHash({ form: 'relaxed' }));
  }

  /** When the header is there. */
  static async begin(rows: readonly HeaderRow[], resolver: AskAsNode): Promise<SignatureCheck> {
    const { DkimVerifier: Verifier } = await import('mailauth/lib/dkim/dkim-verifier.js');
    const hashes = new Map<string, BodyHash>();
    const verifier = new (boundedVerifier(Verifier))(
      { resolver, minBitLength: MIN_RSA_BITS, strict: true },
      hashes,
    );
    const check = new SignatureCheck(verifier, hashes, rows, resolver);
    await verifier.messageHeaders({ parsed: check.#judgedRows(rows), original: EMPTY });
    // As long as the body comes, the keys do.
    for (const { signingDomain, selector, skip, invalid } of verifier.signatureHeaders) {
      if (skip === undefined && invalid === undefined)
        resolver(`${selector}._domainkey.${signingDomain}`, 'TXT').catch(() => {});
    }
    return check;
  }

  update(body: Buffer): void {
    for (const hash of this.#hashes.values()) hash.update(body);
  }

  async finish(): Promise<SignatureOutcome> {
    const verifier = this.#verifier;
    verifier.headers = this.#headers;
    const digests = new Map([...this.#hashes].map(([key, hash]) => [key, hash.digest()]));
    for (const [key, slot] of verifier.bodyHashes) {
      const hash = this.#hashes.get(key);
      const digest = digests.get(key) ?? '';
      slot.digest = () => digest;
      slot.byteLength = hash?.seenBytes ?? 0;
      slot.canonicalizedLength = hash?.canonicalBytes ?? 0;
      slot.bodyHashedBytes = slot.canonicalizedLength - (hash?.uncoveredBytes ?? 0);
    }
    await verifier.finalChunk();
    return {
      signatures: verifier.results,
      arc: await this.#judgeChain(),
      chain: verifier.arc,
      headers: this.#headers,
      bodyHash: digests.get(OWN_KEY) ?? '',
      hasTooMany: this.#hasTooMany,
    };
  }

  async #judgeChain(): Promise<ArcResult> {
    if (this.#isArcTooLarge)
      return { status: { result: 'fail', comment: 'the chain is too large' }, i: false };
    const { default: arc } = await import('mailauth/lib/arc/index.js');
    return arc.arc(this.#verifier.arc, {
      resolver: this.#resolver,
      minBitLength: MIN_RSA_BITS,
      strict: true,
    });
  }

  /** Only what signatures are read from: the first of them, which are the newest, and the chain. */
  #judgedRows(rows: readonly HeaderRow[]): HeaderRow[] {
    let left = MAX_SIGNATURES;
    return rows.filter((row) => {
      if (row.key === 'dkim-signature') return left-- > 0 && !isTooLong(row);
      return !this.#isArcTooLarge && ARC_FIELDS.includes(row.key);
    });
  }
}

/** A chain that nobody needs would take long to read. */
export function isChainReadable(rows: readonly HeaderRow[]): boolean {
  const chain = rows.filter(({ key }) => ARC_FIELDS.includes(key));
  return arcWorkBytes(chain) <= MAX_ARC_WORK_BYTES && !chain.some(isTooLong);
}

function isTooLong({ line }: HeaderRow): boolean {
  return line.length > MAX_FIELD_BYTES;
}

function arcWorkBytes(chain: readonly HeaderRow[]): number {
  const sizes = chain.map(({ line }) => line.length);
  const sets = Math.ceil(sizes.length / ARC_FIELDS.length);
  return (sizes.reduce((sum, size) => sum + size, 0) * (sets + 1)) / 2;
}

/** The verifier of the package, with our hashes and our bounds in it. */
function boundedVerifier(Verifier: typeof DkimVerifier) {
  return class BoundedVerifier extends Verifier {
    readonly #hashes: Map<string, BodyHash>;

    constructor(options: object, hashes: Map<string, BodyHash>) {
      super(options);
      this.#hashes = hashes;
    }

    override addBodyHash(form: string, algorithm: string, maxBytes: number | ''): string {
      const key = `${form}:${algorithm}:${maxBytes}`;
      if (!this.bodyHashes.has(key)) {
        this.bodyHashes.set(key, emptySlot());
        if (!this.#hashes.has(key)) this.#hashes.set(key, hashFor(form, algorithm, maxBytes));
      }
      return key;
    }

    override prepareSignature(signature: SignatureHeader): void {
      super.prepareSignature(signature);
      const names = String(signature.parsed?.h?.value ?? '').split(':').length;
      if (names > MAX_SIGNED_NAMES) signature.skip = 'too many fields are signed';
    }

    override async verifySignature(signature: SignatureHeader, fallback?: boolean): Promise<SignatureResult> {
      // Each reads as much of the header as it names.
      await turn();
      return super.verifySignature(signature, fallback);
    }
  };
}

function emptySlot(): BodyHashSlot {
  return { digest: () => '', getMimeStructureStart: () => undefined, setContentType: () => {} };
}

function hashFor(form: string, algorithm: string, maxBytes: number | ''): BodyHash {
  return new BodyHash({
    form: form === 'relaxed' ? 'relaxed' : 'simple',
    algorithm: algorithm === 'sha1' ? 'sha1' : 'sha256',
    ...(maxBytes === '' ? {} : { maxBytes }),
  });
}
