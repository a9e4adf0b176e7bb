/** A store of a test's own: made empty, opened, and opened again. */
import type { MailStore } from '../../mailbox/port/store.ts';

export interface StoreHarness {
  /** Opens the same data; the one before must be closed. */
  open(): Promise<MailStore>;
  dispose(): Promise<void>;
}

export type Test = (what: string, run: (store: MailStore, harness: StoreHarness) => Promise<void>) => void;
