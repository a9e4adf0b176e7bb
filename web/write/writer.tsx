/**
 * The place where a mail is written: whom to, what about, what; its files; how safe it is; and the one button that sends it. It has a page
 * for itself, or stands at the foot of the conversation that is answered, from where it can go over to the page as it is.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { recipientsOf } from '../read/people.ts';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import type { WriterProps } from '../shell/parts.ts';
import { Icon } from '../ui/icon.tsx';
import { DraftFiles } from './draft-files.tsx';
import { Fields } from './fields.tsx';
import { useSending } from './sending.tsx';
import { FormatButtons, Quote, TextEditor } from './text-editor.tsx';
import { WriterBar } from './writer-bar.tsx';
import { beginSession, type WritingSession } from './writing-session.ts';

export function Writer({ draft, parameters, onClose }: WriterProps) {
  const app = useApp();
  const desk = useDesk();
  const texts = useTexts().write;
  const session = useSignal<WritingSession | 'loading' | 'gone'>('loading');
  useEffect(() => {
    let isGone = false;
    void beginSession({ app, desk, draft, parameters }).then((begun) => {
      // Who came and went meanwhile keeps what there is of it.
      if (isGone) begun?.leave();
      else session.value = begun ?? 'gone';
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
  const expand = (): void => {
    now.handOver();
    app.router.go({ at: 'write', ...(draft !== undefined && { draft }), parameters });
  };
  return (
    <Writing
      session={now}
      onLeave={onClose ?? (() => app.router.back())}
      onExpand={onClose === undefined ? undefined : expand}
    />
  );
}

interface WritingProps {
  readonly session: WritingSession;
  readonly onLeave: () => void;
  /** Absent where it has the page for itself. */
  readonly onExpand: (() => void) | undefined;
}

function Writing({ session, onLeave, onExpand }: WritingProps) {
  const app = useApp();
  const texts = useTexts().write;
  const picker = useRef<HTMLInputElement>(null);
  const place = useRef<HTMLElement>(null);
  const { keeper, uploads } = session;
  const begin = useMemo(() => keeper.draft.peek(), []);
  const isAnswer = begin.answers !== undefined && begin.to.length > 0;
  const isAtFoot = onExpand !== undefined;
  const draft = keeper.draft.value;
  const sending = useSending(session, onLeave);
  const isDark =
    app.device.scheme.value === 'dark' || (app.device.scheme.value === 'system' && isSystemDark());
  const addFiles = (files: readonly File[], isPasted: boolean): void => {
    for (const file of files) session.add(file, isPasted && /^image\//.test(file.type));
  };
  useLayoutEffect(() => {
    if (isAtFoot) place.current?.scrollIntoView({ block: 'end' });
  }, []);
  const bar = (
    <WriterBar {...{ session, sending, onLeave, onExpand }} onAttach={() => picker.current?.click()} />
  );
  return (
    <section
      ref={place}
      class={isAtFoot ? 'writer at-foot' : 'writer'}
      aria-label={isAtFoot ? draft.subject || texts.title : texts.title}
      onDragOver={(event) => event.dataTransfer?.types.includes('Files') && event.preventDefault()}
      onDrop={(event) => {
        if (!event.dataTransfer?.files.length) return;
        event.preventDefault();
        addFiles([...event.dataTransfer.files], false);
      }}
    >
      {!isAtFoot && bar}
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
      <Envelope
        session={session}
        isFolded={isAtFoot && isAnswer}
        wantsFocus={!isAnswer && begin.to.length === 0}
      />
      <div class="writer-text">
        {!isAtFoot && (
          <FormatButtons
            editor={() => session.editor}
            isPlain={draft.isPlain ?? false}
            onPlain={(isPlain) => session.setPlain(isPlain)}
          />
        )}
        <TextEditor
          html={begin.html || session.signature}
          onHtml={(html) => keeper.change({ html })}
          wantsFocus={!isAnswer ? undefined : begin.html === '' ? 'start' : 'end'}
          pictureUrl={session.pictureUrl}
          onFiles={addFiles}
          onEditor={(made) => {
            session.editor = made;
          }}
        />
        <Quote
          quote={draft.quote}
          isDark={isDark}
          onRemove={() => keeper.change({ quote: '' })}
          onEdit={() => {
            const html = `${draft.html || '<div><br></div>'}${draft.quote}`;
            keeper.change({ html, quote: '' });
            session.editor?.set(html);
          }}
        />
        <DraftFiles files={draft.files} uploads={uploads} onRemove={(file) => session.remove(file)} />
      </div>
      {isAtFoot && bar}
      {sending.question}
    </section>
  );
}

interface EnvelopeProps {
  readonly session: WritingSession;
  /** One line says to whom it goes, until somebody wants to see more. */
  readonly isFolded: boolean;
  readonly wantsFocus: boolean;
}

function Envelope({ session, isFolded, wantsFocus }: EnvelopeProps) {
  const texts = useTexts().read;
  const { addresses } = useDesk();
  const isOpen = useSignal(!isFolded);
  const { to, cc, bcc } = session.keeper.draft.value;
  if (isOpen.value) return <Fields session={session} wantsFocus={wantsFocus} />;
  return (
    <button type="button" class="card-to" aria-expanded="false" onClick={() => (isOpen.value = true)}>
      <Icon name="reply" />
      <span dir="auto">{texts.to(recipientsOf([...to, ...cc, ...bcc], addresses.value, texts.me))}</span>
      <Icon name="down" />
    </button>
  );
}

function isSystemDark(): boolean {
  return matchMedia('(prefers-color-scheme: dark)').matches;
}
