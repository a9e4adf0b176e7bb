/** What keys do in a list: go through it, open, select, and do to the selected rows or the one where one is. */
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { doAsked } from '../shell/doing.ts';
import { useCommands } from '../shell/keyboard.tsx';
import { type Place, threadAt } from '../shell/places.ts';
import type { MailList } from '../sync/mail-list.ts';
import type { Id } from '../sync/model.ts';
import type { Deed } from './deeds.ts';
import type { Scope } from './scope.ts';
import { selectAll } from './select-all.ts';
import type { Selection } from './selection.ts';

interface ListCommandOptions {
  readonly place: Place;
  readonly scope: Scope;
  readonly list: MailList;
  readonly reveal: (row: number) => void;
  /** At the top of what can be seen. */
  readonly show: (row: number) => void;
}

/** Focus follows the cursor when the row is there. */
const FOCUS_ROW = '.row[data-cursor] .row-link';

export function useListCommands({ place, scope, list, reveal, show }: ListCommandOptions): void {
  const { router } = useApp();
  const desk = useDesk();
  const { deeds: texts } = useTexts();
  const { selection, sync } = desk;
  const threadOf = (id: Id): Id => sync.cache.email(id).peek()?.threadId ?? id;
  const isOpen = threadAt(place) !== undefined;
  const open = (id: Id): void => {
    const thread = threadOf(id);
    if (place.at === 'mailbox' || place.at === 'search')
      (isOpen ? router.replace : router.go).call(router, { ...place, thread });
  };
  const step = (by: number): void => {
    const { ids } = list.rows.peek();
    const id = selection.step(by, ids);
    if (id === undefined) return;
    reveal(ids.indexOf(id));
    if (isOpen) open(id);
    else focusRow();
  };
  const targets = (): Id[] => {
    const chosen = [...selection.chosen.peek()];
    const cursor = selection.cursor.peek();
    return chosen.length > 0 ? chosen : cursor === undefined ? [] : [cursor];
  };
  const act = (deed: Deed) => () => {
    const rows = targets();
    if (rows.length === 0 || !desk.deeds.fits(deed, scope.mailbox?.id)) return false;
    const leaves = ['archive', 'delete', 'junk'].includes(deed);
    const { ids } = list.rows.peek();
    const at = ids.indexOf(rows.at(-1));
    const next = ids.slice(at + 1).find((id) => id !== undefined && !rows.includes(id));
    doAsked(desk, texts, deed, { threads: rows.map(threadOf), mailbox: scope.mailbox?.id }, () => {
      if (!leaves) return;
      selection.clear();
      selection.at(next);
      if (isOpen) router.back();
    });
    return true;
  };
  const ask = (kind: 'move' | 'snooze'): boolean => {
    const rows = targets();
    if (rows.length === 0) return false;
    const chosen = { threads: rows.map(threadOf), mailbox: scope.mailbox?.id };
    const done = (): void => {
      selection.clear();
      if (isOpen) router.back();
    };
    desk.ask({ kind, chosen, done });
    return true;
  };
  useCommands({
    next: () => step(1),
    previous: () => step(-1),
    open: () => {
      const cursor = selection.cursor.peek();
      if (cursor === undefined || isOpen) return false;
      open(cursor);
      return true;
    },
    select: () => {
      const cursor = selection.cursor.peek();
      if (cursor !== undefined) selection.toggle(cursor);
    },
    selectAll: () => void selectAll(list, selection),
    goDate: () => desk.ask({ kind: 'date', list, show: (row) => void goTo(row, { list, show, selection }) }),
    archive: act('archive'),
    delete: act('delete'),
    junk: act('junk'),
    read: act('read'),
    unread: act('unread'),
    star: () => {
      const [first] = targets();
      const isStarred =
        first !== undefined &&
        sync.cache.emailsOf(threadOf(first)).some(({ keywords }) => '$flagged' in keywords);
      return act(isStarred ? 'unstar' : 'star')();
    },
    move: () => ask('move'),
    snooze: () => desk.deeds.canSnooze(scope.mailbox?.id) && ask('snooze'),
    up: () => {
      if (selection.chosen.peek().size === 0) return false;
      selection.clear();
      return true;
    },
  });
}

/** It is there and is where one is. */
async function goTo(
  row: number,
  { list, show, selection }: Pick<ListCommandOptions, 'list' | 'show'> & { readonly selection: Selection },
): Promise<void> {
  show(row);
  await list.need(row, row + 1);
  selection.at(list.rows.peek().ids[row]);
  focusRow();
}

function focusRow(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(FOCUS_ROW)?.focus({ preventScroll: true }));
}
