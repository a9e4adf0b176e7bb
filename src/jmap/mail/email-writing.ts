/** What writing emails needs beside the domain, and the methods that do it. */
import type { UploadBudget } from '../../mailbox/operations/upload-budget.ts';
import type { BlobFinder } from '../blobs/find-blob.ts';

export interface EmailWriting {
  readonly uploads: UploadBudget;
  /** Of this server, for Message-IDs of whoever has no domain that could stand in one. */
  readonly hostname: string;
  /** Of one message, before they are encoded. */
  readonly attachmentBytes: number;
  /** Undefined when there is none, or it is somebody else's. */
  readonly findBlob: BlobFinder;
}
