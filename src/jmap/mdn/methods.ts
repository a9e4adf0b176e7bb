/** Notifications of disposition: sent, and read (RFC 9007). */
import type { BlobFinder } from '../blobs/find-blob.ts';
import type { Method } from '../core/method.ts';
import type { Submitting } from '../submission/submit.ts';
import { mdnParse } from './mdn-parse.ts';
import { mdnSend } from './mdn-send.ts';

interface MdnParts {
  readonly findBlob: BlobFinder;
  readonly submitting: Submitting;
}

export function mdnMethods({ findBlob, submitting }: MdnParts): readonly Method[] {
  return [mdnSend(submitting), mdnParse(findBlob)];
}
