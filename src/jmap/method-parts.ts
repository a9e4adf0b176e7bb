/** What methods need beside the domain, of all families. */
import type { Editing } from '../rules/editing.ts';
import type { BlobServices } from './blobs/blob-services.ts';
import type { BlobFinder } from './blobs/find-blob.ts';
import type { EmailWriting } from './mail/email-writing.ts';
import type { UnsubscribeParts } from './own/unsubscribe.ts';
import type { PushQueue } from './push/push-queue.ts';
import type { PrincipalParts } from './sharing/principals.ts';
import type { Submitting } from './submission/submit.ts';

export interface MethodParts extends EmailWriting, BlobServices, UnsubscribeParts, PrincipalParts {
  readonly findBlob: BlobFinder;
  readonly submitting: Submitting;
  /** What is pushed to programs that hold no connection. */
  readonly pushQueue: PushQueue;
  /** What whoever edits rules needs. */
  readonly editing: Editing;
}
