/**
 * Hears the keys of the page and does what `keys.ts` says. Whoever shows something that has commands of its own (the list, the
 * conversation) takes them by `useCommands`; who came last is asked first.
 */
import { useEffect, useRef } from 'preact/hooks';
import { useApp, useDesk } from './app.ts';
import type { Commands } from './commands.ts';
import { commandOf, type Waiting } from './keys.ts';

export function useCommands(commands: Commands): void {
  const { commands: stack } = useDesk();
  const current = useRef(commands);
  current.current = commands;
  useEffect(() => stack.add(() => current.current), []);
}

/** Of the page as a whole. */
export function useKeys(): void {
  const app = useApp();
  const desk = useDesk();
  const { router, notices } = app;
  useCommands({
    help: () => desk.ask({ kind: 'keys' }),
    undo: () => notices.act(),
    search: () => router.go({ at: 'search', query: '' }),
    write: () => router.go({ at: 'write', parameters: '' }),
    up: () => router.back(),
    goInbox: () => router.go({ at: 'mailbox', mailbox: 'inbox' }),
    goStarred: () => router.go({ at: 'mailbox', mailbox: 'starred' }),
    goSent: () => router.go({ at: 'mailbox', mailbox: 'sent' }),
    goDrafts: () => router.go({ at: 'mailbox', mailbox: 'drafts' }),
    goArchive: () => router.go({ at: 'mailbox', mailbox: 'archive' }),
  });
  useEffect(() => {
    let waiting: Waiting | undefined;
    const hear = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing || !app.preferences.choices.peek().keys) return;
      if (desk.dialog.peek() !== undefined || isActivated(event)) return;
      const isModified = event.metaKey || event.ctrlKey || event.altKey;
      const pressed = { key: event.key, atMs: event.timeStamp, isModified, isText: isText(event.target) };
      const outcome = commandOf(pressed, waiting);
      waiting = outcome.waiting;
      if (outcome.command !== undefined && desk.commands.run(outcome.command)) event.preventDefault();
    };
    addEventListener('keydown', hear);
    return () => removeEventListener('keydown', hear);
  }, []);
}

/** Enter on a button or a link is that button's. */
function isActivated({ key, target }: KeyboardEvent): boolean {
  return key === 'Enter' && target instanceof Element && target.closest('a, button, summary') !== null;
}

function isText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest('input, textarea, select') !== null)
  );
}
