/**
 * A set in a bucket of S3, below a prefix. The server compares what arrives with the SHA-256 that the request was signed with. Large objects go in
 * parts; they are there when the last request of them was answered.
 */
import { createHash } from 'node:crypto';
import { BackupError } from './backup-error.ts';
import { sourceOf } from './file-source.ts';
import type { Place, Source, StoredObject } from './place.ts';
import type { S3Access } from './s3-requests.ts';
import { S3Requests } from './s3-requests.ts';

/** One request takes 5 GiB at most, and an upload 10,000 parts. */
const PART_BYTES = 128 * 1024 * 1024;
const TRIES = 5;
const [OK_PARTIAL, NOT_FOUND, EXISTS, CONFLICT, NOT_IMPLEMENTED] = [206, 404, 412, 409, 501];

export interface S3PlaceOptions extends S3Access {
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** What is larger goes in parts of this size. */
  readonly partBytes?: number;
}

export class S3Place implements Place {
  readonly name: string;
  readonly #requests: S3Requests;
  readonly #root: string;
  readonly #keys: string;
  readonly #partBytes: number;

  constructor({ bucket, prefix, partBytes = PART_BYTES, ...access }: S3PlaceOptions) {
    this.name = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
    this.#requests = new S3Requests(access);
    this.#root = bucket;
    this.#keys = prefix === '' ? '' : `${prefix}/`;
    this.#partBytes = partBytes;
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    for (let token: string | undefined; ; ) {
      const { text } = await this.#requests.text({
        ...{ method: 'GET', path: this.#root },
        query: {
          'list-type': '2',
          prefix: this.#keys + prefix,
          ...(token === undefined ? {} : { 'continuation-token': token }),
        },
      });
      for (const [, entry = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        const key = textIn(entry, 'Key') ?? '';
        if (key.startsWith(this.#keys))
          yield { name: key.slice(this.#keys.length), bytes: Number(textIn(entry, 'Size')) };
      }
      token = textIn(text, 'NextContinuationToken');
      if (textIn(text, 'IsTruncated') !== 'true' || token === undefined) return;
    }
  }

  /** Goes on where it was when the connection is lost. */
  async *read(name: string): AsyncGenerator<Buffer> {
    let at = 0;
    for (let n = 1; ; n++) {
      const range = at === 0 ? {} : { headers: { range: `bytes=${at}-` } };
      const request = { method: 'GET', path: this.#path(name), ...range } as const;
      const { status, headers, body } = await this.#requests.send(request, [NOT_FOUND]);
      if (status === NOT_FOUND) {
        body.destroy();
        throw new BackupError('missing', `${name} is not there in ${this.name}`);
      }
      if (at > 0 && status !== OK_PARTIAL)
        throw new BackupError('place', `${this.name}: the server does not give parts of objects`);
      const end = at + Number(headers['content-length'] ?? Number.NaN);
      try {
        for await (const piece of body as AsyncIterable<Buffer>) {
          at += piece.length;
          yield piece;
        }
        if (Number.isNaN(end) || at >= end) return;
      } catch (error) {
        if (n >= TRIES)
          throw new BackupError('place', `reading ${name} in ${this.name}: ${(error as Error).message}`, {
            cause: error,
          });
      }
      if (n >= TRIES) throw new BackupError('place', `reading ${name} in ${this.name}: it ends too soon`);
    }
  }

  async put(name: string, source: Source): Promise<void> {
    if (source.bytes > this.#partBytes) {
      await this.#putInParts(name, source);
      return;
    }
    await this.#done({ method: 'PUT', path: this.#path(name), body: source });
  }

  async create(name: string, octets: Buffer): Promise<boolean> {
    const request = { method: 'PUT', path: this.#path(name), body: sourceOf(octets) } as const;
    const headers = { 'if-none-match': '*' };
    const status = await this.#done({ ...request, headers }, [EXISTS, CONFLICT, NOT_IMPLEMENTED]);
    if (status !== NOT_IMPLEMENTED) return status < 400;
    // A server that has no such condition: whoever asks for a lock looks once more whether it is his.
    const there = await this.#done({ method: 'HEAD', path: this.#path(name) }, [NOT_FOUND]);
    if (there !== NOT_FOUND) return false;
    await this.#done(request);
    return true;
  }

  async remove(name: string): Promise<void> {
    await this.#done({ method: 'DELETE', path: this.#path(name) }, [NOT_FOUND]);
  }

  /** What was answered is there. */
  async settle(): Promise<void> {}

  async close(): Promise<void> {}

  async #putInParts(name: string, source: Source): Promise<void> {
    const path = this.#path(name);
    const { text } = await this.#requests.text({ method: 'POST', path, query: { uploads: '' } });
    const uploadId = textIn(text, 'UploadId');
    if (uploadId === undefined)
      throw new BackupError('place', `${this.name} gave no number to an upload in parts`);
    try {
      const parts: string[] = [];
      const hash = createHash('sha256');
      for await (const part of partsOf(source.open(), this.#partBytes)) {
        hash.update(part);
        const query = { partNumber: String(parts.length + 1), uploadId };
        const { headers, body } = await this.#requests.send({
          method: 'PUT',
          path,
          query,
          body: sourceOf(part),
        });
        body.resume();
        parts.push(String(headers.etag));
      }
      if (hash.digest('hex') !== source.sha256)
        throw new BackupError('damaged', `${name} in ${this.name} is not what was to be written`);
      const list = parts.map((tag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${tag}</ETag></Part>`);
      const whole = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`;
      const request = {
        method: 'POST',
        path,
        query: { uploadId },
        body: sourceOf(Buffer.from(whole)),
      } as const;
      const done = await this.#requests.text(request);
      // It may say OK first and find out later.
      if (done.text.includes('<Error>'))
        throw new BackupError('place', `${name} could not be put together in ${this.name}`);
    } catch (error) {
      await this.#done({ method: 'DELETE', path, query: { uploadId } }, [NOT_FOUND]).catch(() => {});
      throw error;
    }
  }

  /** The status of an answer that has nothing to read. */
  async #done(request: Parameters<S3Requests['send']>[0], also?: readonly number[]): Promise<number> {
    return (await this.#requests.text(request, also)).status;
  }

  #path(name: string): string {
    return `${this.#root}/${(this.#keys + name).split('/').map(encodeURIComponent).join('/')}`;
  }
}

async function* partsOf(octets: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of octets) {
    pieces.push(piece);
    length += piece.length;
    if (length < bytes) continue;
    yield Buffer.concat(pieces);
    [pieces, length] = [[], 0];
  }
  if (length > 0) yield Buffer.concat(pieces);
}

function textIn(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replace(/&(amp|lt|gt|quot|apos|#(\d+));/g, (_, word: string, code?: string) =>
    code === undefined ? (ENTITIES[word] ?? '') : String.fromCodePoint(Number(code)),
  );
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
