/**
 * Signed requests to a server that speaks S3. What failed on the way, or at the server's end for now, is asked again a few times; what it says against the
 * request is an error with the server's words. Keys are in no error and in no log.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import type { Secret } from '../base/secret.ts';
import { BackupError } from './backup-error.ts';
import type { Source } from './place.ts';

export interface S3Access {
  /** `https://s3.example.com`; the bucket is a part of the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: Secret;
  /** Of keys that hold for a while. */
  readonly sessionToken?: Secret;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Below the endpoint, encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Source;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

/** SHA-256 of nothing. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const TRIES = 5;
const FIRST_PAUSE_MS = 300;
const SILENCE_MS = 60_000;
const MOST_TOLD_BYTES = 4096;
const LATER: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

export class S3Requests {
  readonly #access: S3Access;

  constructor(access: S3Access) {
    this.#access = access;
  }

  /** An answer whose status is below 400, or one of `also`. Its body is to be read or thrown away. Throws BackupError `place`. */
  async send(request: S3Request, also: readonly number[] = []): Promise<S3Answer> {
    for (let n = 1; ; n++) {
      try {
        const answer = await this.#sendOnce(request);
        if (answer.status < 400 || also.includes(answer.status)) return answer;
        const words = await wordsIn(answer);
        if (!LATER.has(answer.status) || n >= TRIES) throw this.#refused(request, answer.status, words);
      } catch (error) {
        if (error instanceof BackupError || n >= TRIES) throw this.#failed(request, error);
      }
      await sleep(FIRST_PAUSE_MS * 2 ** (n - 1));
    }
  }

  /** The same, and all of its body. */
  async text(
    request: S3Request,
    also?: readonly number[],
  ): Promise<{ readonly status: number; readonly text: string }> {
    for (let n = 1; ; n++) {
      const { status, body } = await this.send(request, also);
      try {
        const parts: Buffer[] = [];
        for await (const part of body as AsyncIterable<Buffer>) parts.push(part);
        return { status, text: Buffer.concat(parts).toString('utf8') };
      } catch (error) {
        if (n >= TRIES) throw this.#failed(request, error);
      }
    }
  }

  async #sendOnce(request: S3Request): Promise<S3Answer> {
    const { method, url, headers } = await this.#signed(request);
    const { body } = request;
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
    const length = { 'content-length': String(body?.bytes ?? 0) };
    const outgoing = send(url, { method, headers: { ...Object.fromEntries(headers), ...length } });
    outgoing.setTimeout(SILENCE_MS, () => outgoing.destroy(new Error('the server says nothing')));
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    outgoing.once('response', resolve).on('error', reject);
    if (body === undefined) outgoing.end();
    else {
      // A server that has refused it need not read it to its end.
      const sent = pipeline(Readable.from(body.open(), { objectMode: false }), outgoing);
      sent.catch(reject);
    }
    const incoming = await promise;
    return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: incoming };
  }

  #signed({ method, path, query = {}, headers = {}, body }: S3Request) {
    const { endpoint, region, accessKey, secretKey, sessionToken } = this.#access;
    const url = new URL(`${endpoint}/${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return new AwsV4Signer({
      ...{ method, url: url.href, service: 's3', region, accessKeyId: accessKey },
      secretAccessKey: secretKey.reveal(),
      ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
      // What arrives is compared with it by the server.
      headers: { ...headers, 'x-amz-content-sha256': body?.sha256 ?? EMPTY },
    }).sign();
  }

  #refused({ method, path }: S3Request, status: number, words: string): BackupError {
    const isFull = /QuotaExceeded|InsufficientStorage|EntityTooLarge/i.test(words) || status === 507;
    const isDenied = status === 401 || status === 403;
    const hint = isDenied
      ? '; look at the keys (backup.s3_access_key, backup.s3_secret_key) and what they may do'
      : '';
    return new BackupError(
      isFull ? 'full' : 'place',
      `${method} ${this.#access.endpoint}/${path}: the server answered ${status}${words === '' ? '' : ` (${words})`}${hint}`,
    );
  }

  #failed({ method, path }: S3Request, error: unknown): BackupError {
    if (error instanceof BackupError) return error;
    const { message, code = '' } = error as NodeJS.ErrnoException;
    return new BackupError('place', `${method} ${this.#access.endpoint}/${path}: ${message || code}`, {
      cause: error,
    });
  }
}

/** The code and the message of an error, as S3 writes them. */
async function wordsIn({ body }: S3Answer): Promise<string> {
  let text = '';
  try {
    for await (const part of body) {
      text += String(part);
      if (text.length > MOST_TOLD_BYTES) break;
    }
  } catch {
    // What came of it is enough.
  }
  const [code, message] = ['Code', 'Message'].map(
    (name) => new RegExp(`<${name}>([^<]{0,500})`).exec(text)?.[1],
  );
  return [code, message].filter((one) => one !== undefined).join(': ');
}
