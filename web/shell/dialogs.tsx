/** What is asked in a window over everything else: the browser's own `<dialog>`, which holds the focus and closes on Escape. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Chosen } from '../list/deeds.ts';
import { ownMailboxes, roleName, withRole } from '../list/mailbox-name.ts';
import type { Mailbox } from '../sync/model.ts';
import { Icon } from '../ui/icon.tsx';
import { useApp, useDesk, useTexts } from './app.ts';
import { listedKeys } from './keys.ts';
import { Later } from './later.tsx';

export function Dialogs() {
  const desk = useDesk();
  const { deeds, shell } = useTexts();
  const dialog = desk.dialog.value;
  const around = (title: string) => (said: ComponentChildren) => (
    <Window title={title} onClose={() => desk.answer()}>
      {said}
    </Window>
  );
  switch (dialog?.kind) {
    case undefined:
      return null;
    case 'keys':
      return <KeysDialog />;
    case 'move':
      return <MoveDialog chosen={dialog.chosen} done={dialog.done} />;
    case 'snooze': {
      const { chosen, done } = dialog;
      return (
        <Later
          load={() => import('../snooze/snooze-dialog.tsx')}
          name="SnoozeDialog"
          props={{ chosen, done }}
          around={around(deeds.snooze)}
        />
      );
    }
    case 'date':
      return (
        <Later
          load={() => import('../list/date-dialog.tsx')}
          name="DateDialog"
          props={{ list: dialog.list, show: dialog.show }}
          around={around(shell.keys.goDate)}
        />
      );
    case 'confirm':
      return <ConfirmDialog {...dialog} />;
  }
}

/** `onClose`: however it closes. A press outside closes it. */
export function Window({
  title,
  onClose,
  children,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}) {
  const { shell } = useTexts();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const dialog = element.current;
    // Its own keys the browser has by itself: Escape closes it.
    dialog?.addEventListener('click', ({ target }) => {
      if (target === dialog) dialog.close();
    });
    dialog?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog ref={element} class="window" aria-label={title} onClose={onClose}>
      <div class="window-inside">
        <header class="window-top">
          <h2>{title}</h2>
          <button
            type="button"
            class="icon-button"
            aria-label={shell.close}
            onClick={() => element.current?.close()}
          >
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

function ConfirmDialog({
  title,
  text,
  button,
  isHarmless = false,
  run,
}: {
  title: string;
  text: string;
  button: string;
  isHarmless?: boolean;
  run: () => void;
}) {
  const desk = useDesk();
  const { shell } = useTexts();
  return (
    <Window title={title} onClose={() => desk.answer()}>
      <p>{text}</p>
      <div class="window-buttons">
        <button type="button" class="button" onClick={() => desk.answer()}>
          {shell.cancel}
        </button>
        <button
          type="button"
          class={isHarmless ? 'button primary' : 'button danger'}
          onClick={() => {
            desk.answer();
            run();
          }}
        >
          {button}
        </button>
      </div>
    </Window>
  );
}

function KeysDialog() {
  const desk = useDesk();
  const { shell } = useTexts();
  return (
    <Window title={shell.keys.title} onClose={() => desk.answer()}>
      <dl class="keys">
        {listedKeys((command) => desk.commands.has(command)).map(({ command, keys }) => (
          <div key={command}>
            <dt>
              {keys.map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{shell.keys[command]}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">{shell.keys.off}</p>
    </Window>
  );
}

/** All mailboxes, found by typing a part of the name. */
function MoveDialog({ chosen, done }: { readonly chosen: Chosen; readonly done: () => void }) {
  const desk = useDesk();
  const { language, notices } = useApp();
  const { deeds, list, settings } = useTexts();
  const typed = useSignal('');
  const mailboxes = desk.sync.cache.mailboxes.value;
  const all = [
    ...withRole(mailboxes).map((mailbox) => ({ mailbox, depth: 0 })),
    ...ownMailboxes(mailboxes, language.value),
  ].filter(({ mailbox: { id, role } }) => id !== chosen.mailbox && role !== 'drafts' && role !== 'scheduled');
  const wanted = typed.value.trim().toLocaleLowerCase(language.value);
  const found = all.filter(({ mailbox }) =>
    roleName(mailbox, list).toLocaleLowerCase(language.value).includes(wanted),
  );
  const move = (id: string): void => {
    desk.answer();
    desk.deeds.move(chosen, id);
    done();
  };
  const isCalled = (mailbox: Mailbox): boolean =>
    roleName(mailbox, list).toLocaleLowerCase(language.value) === wanted;
  const make = async (): Promise<void> => {
    const name = typed.peek().trim();
    const { MailboxChanges } = await import('../settings/mailbox-changes.ts');
    const fault = await new MailboxChanges(desk.sync.client)
      .create(name, null)
      .catch(() => 'notSaved' as const);
    await desk.sync.sync();
    const made = [...desk.sync.cache.mailboxes.peek().values()].find(
      (one) => one.parentId === null && one.name === name,
    );
    if (fault === undefined && made !== undefined) move(made.id);
    else notices.show({ text: settings[fault ?? 'notSaved'], isWrong: true });
  };
  return (
    <Window title={deeds.move} onClose={() => desk.answer()}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const [first] = found;
          if (first !== undefined) move(first.mailbox.id);
        }}
      >
        <input
          class="input"
          type="search"
          aria-label={deeds.move}
          autofocus
          value={typed.value}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
          }}
        />
      </form>
      <ul class="choices">
        {found.map(({ mailbox, depth }) => (
          <li key={mailbox.id}>
            <button
              type="button"
              style={{ paddingInlineStart: `${12 + (wanted === '' ? depth * 16 : 0)}px` }}
              onClick={() => move(mailbox.id)}
            >
              <Icon
                name={mailbox.role === 'inbox' ? 'inbox' : mailbox.role === 'trash' ? 'trash' : 'folder'}
              />
              <span dir="auto">{roleName(mailbox, list)}</span>
            </button>
          </li>
        ))}
        {wanted !== '' && !found.some(({ mailbox }) => isCalled(mailbox)) ? (
          <li>
            <button type="button" onClick={() => void make()}>
              <Icon name="plus" />
              <span dir="auto">{deeds.makeMailbox(typed.value.trim())}</span>
            </button>
          </li>
        ) : null}
      </ul>
    </Window>
  );
}
