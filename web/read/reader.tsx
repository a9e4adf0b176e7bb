/** The reader at its place in the webmail: a conversation with what it needs of the page, loaded when the first mail is opened. */
import { computed, signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { type App, useApp, useDesk } from '../shell/app.ts';
import type { Desk } from '../shell/desk.ts';
import { filled } from '../sync/filled.ts';
import type { SessionObject } from '../sync/jmap-client.ts';
import type { Id } from '../sync/model.ts';
import { isDraft } from './conversation.ts';
import { Conversation } from './conversation-view.tsx';
import type { Reading, Written } from './reading.ts';
import { ReadingContext } from './reading-context.tsx';

export interface ReaderProps {
  readonly thread: Id;
  /** Mails that lie nowhere but there are not part of a conversation: Trash and Junk, unless one is there. */
  readonly hidden: ReadonlySet<Id>;
  /** Beside the subject. */
  readonly toolbar?: ComponentChildren;
}

export function Reader(props: ReaderProps) {
  const app = useApp();
  const desk = useDesk();
  const [session, setSession] = useState<SessionObject>();
  const [account, setAccount] = useState('');
  useEffect(() => {
    const { client } = desk.sync;
    void Promise.all([client.session(), client.accountId()]).then(
      ([found, id]) => {
        setAccount(id);
        setSession(found);
      },
      // Nothing can be read without it; the page says that the server cannot be reached.
      () => undefined,
    );
  }, [desk]);
  const isSystemDark = useMemo(() => signal(false), []);
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const look = (): void => {
      isSystemDark.value = query.matches;
    };
    look();
    query.addEventListener('change', look);
    return () => query.removeEventListener('change', look);
  }, []);
  const reading = useMemo(
    () => session && readingOf(app, desk, { session, account, isSystemDark: () => isSystemDark.value }),
    [app, desk, session],
  );
  if (reading === undefined) return null;
  return (
    <ReadingContext.Provider value={reading}>
      <Conversation {...props} />
    </ReadingContext.Provider>
  );
}

interface Found {
  readonly session: SessionObject;
  readonly account: string;
  readonly isSystemDark: () => boolean;
}

function readingOf(app: App, desk: Desk, { session, account, isSystemDark }: Found): Reading {
  const { cache, actions } = desk.sync;
  const written = signal<Written | undefined>(undefined);
  const reading: Reading = {
    mails: desk.mails,
    me: desk.addresses,
    hostname: computed(() => {
      const now = app.account.now.value;
      return now.state === 'in' ? now.session.hostname : undefined;
    }),
    isDark: computed(() => {
      const scheme = app.device.scheme.value;
      return scheme === 'dark' || (scheme === 'system' && isSystemDark());
    }),
    fetch: (input, init) => fetch(input, init),
    emailsOf: (thread) => (cache.thread(thread).value === undefined ? undefined : cache.emailsOf(thread)),
    load: async (thread) => (await desk.sync.conversation(thread)) !== undefined,
    download: ({ blobId, name, type }) =>
      filled(session.downloadUrl, { accountId: account, blobId, name, type }),
    markRead: (ids) =>
      void actions.run({ patches: ids.map((id) => ({ id, keywords: { $seen: true, $new: false } })) }),
    star: (id, isStarred) => void actions.run({ patches: [{ id, keywords: { $flagged: isStarred } }] }),
    picturesFrom: computed(() => app.preferences.choices.value.picturesFrom),
    keepPicturesFrom: (list) => void app.preferences.choose({ picturesFrom: list }),
    written,
    answer: (kind, email) => {
      written.value = { draft: undefined, parameters: `?${new URLSearchParams({ [kind]: email })}` };
    },
    continueDraft: (email) => {
      const thread = cache.email(email).peek()?.threadId ?? '';
      // One that answers nothing is all there is of its conversation.
      if (cache.emailsOf(thread).every(isDraft)) app.router.go({ at: 'write', draft: email, parameters: '' });
      else written.value = { draft: email, parameters: '' };
    },
    stopWriting: () => {
      written.value = undefined;
    },
    makeRule: (email) => app.router.go({ at: 'settings', page: 'rules', parameters: `?mail=${email}` }),
    shown: signal([]),
    print: (ids) =>
      void import('./print.ts').then(({ printMails }) =>
        printMails(ids, { reading, texts: app.texts.peek().read, formats: app.formats.peek() }),
      ),
    say: (text) => app.notices.show({ text }),
  };
  return reading;
}
