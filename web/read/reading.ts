/** What the reader needs of the page around it; `reader.tsx` makes it, `useReading()` gives it. */
import type { ReadonlySignal, Signal } from '@preact/signals-core';
import type { Email, Id } from '../sync/model.ts';
import type { OpenMails } from './open-mails.ts';

export type Answer = 'reply' | 'replyAll' | 'forward' | 'forwardAsFile';

/** As its page would be called (`WriterProps`). */
export interface Written {
  readonly draft: Id | undefined;
  readonly parameters: string;
}

export interface Reading {
  readonly mails: OpenMails;
  /** The person's own addresses. */
  readonly me: ReadonlySignal<readonly string[]>;
  /** What the server calls itself in results of checks. */
  readonly hostname: ReadonlySignal<string | undefined>;
  readonly isDark: ReadonlySignal<boolean>;
  readonly fetch: typeof fetch;
  /** The emails of a conversation as far as they are known, oldest first; undefined: it is not known yet. */
  emailsOf(thread: Id): readonly Email[] | undefined;
  /** Asks for a conversation; false: there is none. Rejects when the server cannot be reached. */
  load(thread: Id): Promise<boolean>;
  /** Where a blob is downloaded. */
  download(blob: { readonly blobId: string; readonly name: string; readonly type: string }): string;
  markRead(ids: readonly Id[]): void;
  star(id: Id, isStarred: boolean): void;
  /** Marks of senders whose pictures are shown (`pictures.ts`). */
  readonly picturesFrom: ReadonlySignal<string>;
  keepPicturesFrom(list: string): void;
  /** What is written at the foot of the conversation. */
  readonly written: ReadonlySignal<Written | undefined>;
  answer(kind: Answer, email: Id): void;
  continueDraft(email: Id): void;
  /** Nothing is written there any more. */
  stopWriting(): void;
  /** For mail like this one. */
  makeRule(email: Id): void;
  /** What is shown of the conversation, but for drafts. */
  readonly shown: Signal<readonly Id[]>;
  print(emails: readonly Id[]): void;
  say(text: string): void;
}
