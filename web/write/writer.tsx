/** The place where a mail is written: whom to, what about, what; its files; how safe it is; and the one button that sends it. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import type { Id } from '../sync/model.ts';
import { DraftFiles } from './draft-files.tsx';
import type { Editor } from './editor.ts';
import { Fields } from './fields.tsx';
import { useSending } from './sending.tsx';
import { FormatButtons, Quote, TextEditor } from './text-editor.tsx';
import { WriterBar } from './writer-bar.tsx';
import { beginSession, type WritingSession } from './writing-session.ts';

export interface WriterProps {
  /** An email with `$draft` to go on with. */
  readonly draft: Id | undefined;
  /** As they stand in the address: `?to=...`, `?reply=<email>`. */
  readonly parameters: string;
}

export function Writer({ draft, parameters }: WriterProps) {
  const app = useApp();
  const desk = useDesk();
  const texts = useTexts().write;
  const session = useSignal<WritingSession | 'loading' | 'gone'>('loading');
  useEffect(() => {
    let isGone = false;
    void beginSession({ app, desk, draft, parameters }).then((begun) => {
      if (!isGone) session.value = begun ?? 'gone';
    });
    return () => {
      isGone = true;
      const begun = session.peek();
      // Whoever goes away has nothing to do: what was written is kept.
      if (typeof begun === 'object') begun.leave();
    };
  }, []);
  const now = session.value;
  if (now === 'loading') return <p class="notice writer-notice">{texts.loading}</p>;
  if (now === 'gone') return <p class="notice writer-notice">{texts.gone}</p>;
  return <Writing session={now} />;
}

function Writing({ session }: { readonly session: WritingSession }) {
  const app = useApp();
  const texts = useTexts().write;
  const editor = useRef<Editor | undefined>(undefined);
  const picker = useRef<HTMLInputElement>(null);
  const { keeper, uploads } = session;
  const begin = useMemo(() => keeper.draft.peek(), []);
  const isAnswer = begin.answers !== undefined && begin.to.length > 0;
  const draft = keeper.draft.value;
  const sending = useSending(session);
  const isDark =
    app.device.scheme.value === 'dark' || (app.device.scheme.value === 'system' && isSystemDark());
  const addFiles = (files: readonly File[], isPasted: boolean): void => {
    for (const file of files)
      session.add(file, { isInText: isPasted && /^image\//.test(file.type), editor: editor.current });
  };
  return (
    <section
      class="writer"
      aria-label={texts.title}
      onDragOver={(event) => event.dataTransfer?.types.includes('Files') && event.preventDefault()}
      onDrop={(event) => {
        if (!event.dataTransfer?.files.length) return;
        event.preventDefault();
        addFiles([...event.dataTransfer.files], false);
      }}
    >
      <WriterBar session={session} sending={sending} onAttach={() => picker.current?.click()} />
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          addFiles([...(event.currentTarget.files ?? [])], false);
          event.currentTarget.value = '';
        }}
      />
      <Fields session={session} wantsFocus={!isAnswer && begin.to.length === 0} />
      <div class="writer-text">
        <FormatButtons editor={() => editor.current} />
        <TextEditor
          html={begin.html || session.signature}
          onHtml={(html) => keeper.change({ html })}
          wantsFocus={isAnswer}
          pictureUrl={session.pictureUrl}
          onFiles={addFiles}
          onEditor={(made) => {
            editor.current = made;
          }}
        />
        <Quote
          quote={draft.quote}
          isDark={isDark}
          onRemove={() => keeper.change({ quote: '' })}
          onEdit={() => {
            const html = `${draft.html || '<div><br></div>'}${draft.quote}`;
            keeper.change({ html, quote: '' });
            editor.current?.set(html);
          }}
        />
        <DraftFiles files={draft.files} uploads={uploads} onRemove={(file) => session.remove(file)} />
      </div>
      {sending.question}
    </section>
  );
}

function isSystemDark(): boolean {
  return matchMedia('(prefers-color-scheme: dark)').matches;
}
