/** What writing emails needs beside the domain, and the methods that do it. */
import type { Domain } from '../../mailbox/domain.ts';
import type { UploadBudget } from '../../mailbox/operations/upload-budget.ts';
import type { AccountState } from '../../mailbox/state/account.ts';
import type { Blob } from '../blobs/mail-blob.ts';

export interface EmailWriting {
  readonly uploads: UploadBudget;
  /** Of this server, for Message-IDs of whoever has no domain that could stand in one. */
  readonly hostname: string;
  /** Of one message, before they are encoded. */
  readonly attachmentBytes: number;
  /** Undefined when there is none, or it is somebody else's. */
  findBlob(domain: Domain, account: AccountState, blobId: string): Promise<Blob | undefined>;
}
