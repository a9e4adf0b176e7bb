/** Uploads (RFC 8620 §6.1): octets go to disk as they come, within what the account may have, so many at once. */
import { BodyFault, type HttpReply, type HttpRequest, type Route, text } from '../../http/exchange.ts';
import type { Admission } from '../../identity/authenticator.ts';
import { MailboxError } from '../../mailbox/model/errors.ts';
import type { AccountId, AccountRecord } from '../../mailbox/model/model.ts';
import { checkUploadQuota } from '../../mailbox/operations/quota.ts';
import { accountOfObjectId } from '../core/account-id.ts';
import { overLimit, problemReply } from '../core/problem.ts';
import { PATHS } from '../core/session-object.ts';
import type { JmapServices } from '../services.ts';
import { signedIn } from '../signed-in.ts';

export function uploadRoutes(services: JmapServices): readonly Route[] {
  const running = new Map<AccountId, number>();
  const { maxSizeUpload, maxConcurrentUpload } = services.limits;
  const answer = async (request: HttpRequest, { record }: Admission): Promise<HttpReply> => {
    const accountId = request.path.slice(PATHS.upload.length).replace(/\/$/, '');
    if (!(await isReached(services, record, accountOfObjectId(accountId))))
      return text(404, 'There is no such account for you.\n');
    const before = running.get(record.id) ?? 0;
    if (before >= maxConcurrentUpload)
      return problemReply(
        overLimit('maxConcurrentUpload', `at most ${maxConcurrentUpload} uploads at once`, 429),
      );
    running.set(record.id, before + 1);
    try {
      return await take(services, request, record.id, accountId);
    } catch (error) {
      return refusal(error, maxSizeUpload);
    } finally {
      const left = (running.get(record.id) ?? 1) - 1;
      if (left === 0) running.delete(record.id);
      else running.set(record.id, left);
    }
  };
  return [
    {
      method: 'POST',
      path: `${PATHS.upload}*`,
      takesPieces: true,
      maxBodyBytes: maxSizeUpload,
      answer: signedIn(services, answer),
    },
  ];
}

/** What a visitor uploads is his, wherever he uses it. */
async function isReached(
  { visits }: JmapServices,
  record: AccountRecord,
  id: AccountId | undefined,
): Promise<boolean> {
  return id === record.id || (id !== undefined && (await visits.open(record, id)) !== undefined);
}

async function take(
  services: JmapServices,
  request: HttpRequest,
  account: AccountId,
  accountId: string,
): Promise<HttpReply> {
  const { uploads, budget, limits, domain } = services;
  const declared = Number(request.headers['content-length'] ?? Number.NaN);
  const most = Number.isSafeInteger(declared) ? declared : limits.maxSizeUpload;
  if (most > limits.maxSizeUpload) throw new BodyFault('too-large');
  // Nothing of it has been read yet: whoever waits to be told to send it need not.
  if (Number.isSafeInteger(declared)) checkUploadQuota(await domain.accounts.open(account), declared);
  const room = budget.reserve(account, most);
  try {
    const writer = await uploads.begin(account, most);
    try {
      for await (const piece of request.pieces) await writer.write(piece);
      const { id, sizeBytes } = await writer.finish();
      const type = mediaType(request.headers['content-type']);
      const body = { accountId, blobId: id, type, size: sizeBytes };
      return { status: 201, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  } finally {
    room.release();
  }
}

function refusal(error: unknown, most: number): HttpReply {
  const isTooBig =
    (error instanceof BodyFault && error.kind === 'too-large') ||
    (error instanceof MailboxError && error.code === 'too-big');
  if (isTooBig) return problemReply(overLimit('maxSizeUpload', `at most ${most} octets`, 413));
  if (!(error instanceof MailboxError)) throw error;
  if (error.code === 'over-quota') return problemReply(overLimit('quota', error.message, 413));
  if (error.code === 'limit') return problemReply(overLimit('uploads', error.message, 413));
  if (error.code !== 'unavailable') throw error;
  return { ...text(503, `${error.message}\n`), headers: { 'retry-after': '60' } };
}

/** What the client calls it, if it is a type at all. */
export function mediaType(field: string | null | undefined): string {
  const type = field ?? '';
  return type.length <= 255 && /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;[\x20-\x7e]*)?$/.test(type)
    ? type
    : 'application/octet-stream';
}
