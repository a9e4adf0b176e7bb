/**
 * The rows of a list, of which only those around what can be seen are in the document. What one looks at stays where it is when mail
 * comes above it; a row that leaves lets those below close up.
 */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Nothing } from '../search/nothing.tsx';
import { useSnippets } from '../search/snippets.tsx';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import type { Place } from '../shell/places.ts';
import type { MailList } from '../sync/mail-list.ts';
import { Empty, emptyKindOf } from './empty.tsx';
import { useListCommands } from './list-commands.tsx';
import { ListRow } from './list-row.tsx';
import type { Scope } from './scope.ts';
import { usePull } from './use-pull.tsx';
import { anchorOf, scrollTopFor, scrollTopToShow, windowOf } from './window.ts';

export interface ListProps {
  readonly place: Place;
  readonly scope: Scope;
  readonly list: MailList;
}

export function ConversationList({ place, scope, list }: ListProps) {
  const { device } = useApp();
  const desk = useDesk();
  const { selection } = desk;
  const texts = useTexts();
  const scroller = useRef<HTMLDivElement>(null);
  const { view, measure } = useView(list, scroller);
  const rowHeight = device.rowHeight;
  const { ids, total } = list.rows.value;
  useSteadyView(list, scroller, rowHeight, measure);
  const { from, to } = windowOf(view.value, rowHeight, total ?? 0);
  useEffect(() => {
    void list.need(from, to);
  }, [list, from, to, ids]);
  useEffect(() => selection.keep(ids), [ids]);
  const snippets = useSnippets(list, scope, ids, { from, to });
  useListCommands({
    ...{ place, scope, list },
    reveal: (row) => {
      const element = scroller.current;
      if (element === null) return;
      element.scrollTop = scrollTopToShow(row, rowHeight, {
        scrollTop: element.scrollTop,
        height: element.clientHeight,
      });
      measure();
    },
    show: (row) => {
      scroller.current?.scrollTo(0, row * rowHeight);
      measure();
    },
  });
  const pull = usePull(() => Promise.all([desk.look(), list.refresh()]));
  if (total === 0) {
    if (scope.kind === 'search') return <Nothing place={place} />;
    return <Empty kind={emptyKindOf(scope.mailbox?.role, scope.kind === 'starred')} />;
  }
  if (total === undefined) return list.fault.value === undefined ? <Skeleton /> : <Unreachable list={list} />;
  return (
    <div class="list-scroll" ref={scroller} onScroll={measure} {...pull.handlers}>
      {pull.sign}
      <ul
        class="rows"
        style={{ height: `${total * rowHeight}px` }}
        aria-label={texts.list.conversations(total)}
      >
        {ids.slice(from, to).map((id, at) => (
          <li
            key={id ?? `row ${from + at}`}
            class="row-place"
            style={{ transform: `translateY(${(from + at) * rowHeight}px)`, height: `${rowHeight}px` }}
            aria-setsize={total}
            aria-posinset={from + at + 1}
          >
            {id === undefined ? (
              <span class="row-missing" />
            ) : (
              <ListRow id={id} place={place} scope={scope} list={list} snippet={snippets.get(id)} />
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What can be seen, measured when that may have changed. */
function useView(list: MailList, scroller: { readonly current: HTMLDivElement | null }) {
  const { scrolled } = useDesk();
  const view = useSignal({ scrollTop: scrolled.get(list) ?? 0, height: innerHeight });
  const measure = (): void => {
    const element = scroller.current;
    if (element === null) return;
    view.value = { scrollTop: element.scrollTop, height: element.clientHeight };
    scrolled.set(list, element.scrollTop);
  };
  const isThere = useComputed(() => (list.rows.value.total ?? 0) > 0);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    element.scrollTop = scrolled.get(list) ?? 0;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [list, isThere.value]);
  return { view, measure };
}

/** Before the rows change it is noted what stands at the top; after that it is put there again. */
function useSteadyView(
  list: MailList,
  scroller: { readonly current: HTMLDivElement | null },
  rowHeight: number,
  measure: () => void,
): void {
  const before = useRef(list.rows.peek().ids);
  const { ids } = list.rows.value;
  useLayoutEffect(() => {
    const element = scroller.current;
    const old = before.current;
    before.current = ids;
    if (element === null || old === ids) return;
    const anchor = anchorOf({ scrollTop: element.scrollTop, height: element.clientHeight }, rowHeight, old);
    const top = anchor && scrollTopFor(anchor, rowHeight, ids);
    if (top === undefined || Math.abs(top - element.scrollTop) < 1) return;
    element.scrollTop = top;
    measure();
  }, [ids]);
}

/** Shown only when loading takes long enough to be noticed. */
function Skeleton() {
  const { list } = useTexts();
  return (
    <div class="skeleton" role="status" aria-label={list.loading}>
      {[0, 1, 2, 3, 4, 5].map((row) => (
        <span key={row} class="row-missing" />
      ))}
    </div>
  );
}

function Unreachable({ list }: { readonly list: MailList }) {
  const { sync } = useDesk();
  const { list: texts } = useTexts();
  const again = (): void => {
    void sync.sync();
    void list.need(0, 1);
  };
  return (
    <div class="empty" role="alert">
      <p class="empty-said">{texts.unreachable}</p>
      <button type="button" class="button" onClick={again}>
        {texts.again}
      </button>
    </div>
  );
}
