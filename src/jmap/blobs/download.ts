/**
 * Downloads (RFC 8620 §6.2): the type is the client's choice, and what a browser could take for a page of ours is never shown as
 * one: no script, no frame, no host of its own, and only pictures, text and PDF in the place of a download. A blob never changes, so
 * whoever has it need not ask again.
 */
import type { HttpReply, HttpRequest, Route } from '../../http/exchange.ts';
import { text } from '../../http/exchange.ts';
import type { Admission } from '../../identity/authenticator.ts';
import { accountOfObjectId } from '../core/account-id.ts';
import { PATHS } from '../core/session-object.ts';
import type { JmapServices } from '../services.ts';
import { signedIn } from '../signed-in.ts';
import type { FoundBlob } from './find-blob.ts';
import { mediaType } from './upload.ts';

const MAX_NAME = 200;
/** What a browser may show where it stands. */
const INLINE = new Set([
  ...['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'],
  ...['text/plain', 'application/pdf'],
]);
const SAFE = Object.freeze({
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'private, immutable, max-age=31536000',
});

export function downloadRoutes(services: JmapServices): readonly Route[] {
  const answer = (request: HttpRequest, who: Admission) => give(services, request, who);
  return [{ method: 'GET', path: `${PATHS.download}*`, answer: signedIn(services, answer) }];
}

async function give(services: JmapServices, request: HttpRequest, { record }: Admission): Promise<HttpReply> {
  const [accountId = '', blobId = '', name = ''] = request.path.slice(PATHS.download.length).split('/');
  const { domain, visits } = services;
  const id = accountOfObjectId(accountId);
  const account =
    id === record.id
      ? await domain.accounts.open(record.id)
      : id === undefined
        ? undefined
        : await visits.open(record, id);
  const blob = account && (await services.findBlob(domain, account, blobId));
  if (account === undefined || blob === undefined || !(await visits.areStillTrue(record, [account])))
    return notFound();
  const etag = `"${blobId}"`;
  const type = mediaType(request.query.get('type') ?? request.query.get('accept'));
  const headers = {
    ...SAFE,
    etag,
    'content-type': type,
    'content-disposition': disposition(type, decodedName(name)),
    'accept-ranges': blob.sizeBytes === undefined ? 'none' : 'bytes',
  };
  if (namesTag(request.headers['if-none-match'], etag)) return { status: 304, headers };
  return inRange(blob, request, headers, etag);
}

function inRange(
  blob: FoundBlob,
  { headers: asked }: HttpRequest,
  headers: Readonly<Record<string, string>>,
  etag: string,
): HttpReply {
  const { sizeBytes } = blob;
  if (sizeBytes === undefined) return { status: 200, headers, body: blob.open() };
  const ifRange = asked['if-range'];
  const wanted = ifRange === undefined || ifRange === etag ? rangeIn(asked.range, sizeBytes) : undefined;
  if (wanted === 'none')
    return { status: 416, headers: { ...headers, 'content-range': `bytes */${sizeBytes}` } };
  if (wanted === undefined)
    return { status: 200, headers: { ...headers, 'content-length': String(sizeBytes) }, body: blob.open() };
  const { start, end } = wanted;
  return {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(end - start),
      'content-range': `bytes ${start}-${end - 1}/${sizeBytes}`,
    },
    body: blob.range(start, end),
  };
}

/**
 * The one range that is asked for, `end` exclusive (RFC 9110 §14.1.2). Undefined: all of it, which is also the answer to several.
 * `none`: it lies past the end.
 */
export function rangeIn(
  field: string | undefined,
  sizeBytes: number,
): { readonly start: number; readonly end: number } | 'none' | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(field ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const count = Math.min(Number(last), sizeBytes);
    return count === 0 ? 'none' : { start: sizeBytes - count, end: sizeBytes };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= sizeBytes) return 'none';
  return { start, end: last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1) };
}

function namesTag(field: string | undefined, etag: string): boolean {
  return field !== undefined && field.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

/** RFC 6266: a plain name for old programs, and the real one. */
function disposition(type: string, name: string): string {
  const isShown = INLINE.has(type.split(';', 1)[0]?.trim().toLowerCase() ?? '');
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${isShown ? 'inline' : 'attachment'}; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

/** Without what would make it look like another: controls, marks of direction, paths. */
function decodedName(segment: string): string {
  let name: string;
  try {
    name = decodeURIComponent(segment);
  } catch {
    name = '';
  }
  const clean = name
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '')
    .replace(/[/\\]/g, '_')
    .replace(/^[.\s]+/, '');
  return [...clean].slice(0, MAX_NAME).join('').trim() || 'download';
}

function notFound(): HttpReply {
  return text(404, 'There is no such blob.\n');
}
