/** What the methods of blobs need beside the domain. */
import type { UploadBudget } from '../../mailbox/operations/upload-budget.ts';
import type { Uploads } from '../../mailbox/port/uploads.ts';
import type { BlobFinder } from './find-blob.ts';

export interface BlobServices {
  readonly findBlob: BlobFinder;
  readonly keptUploads: Uploads;
  /** Room for what is on its way in. */
  readonly uploads: UploadBudget;
}
