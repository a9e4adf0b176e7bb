/** The snippets of the rows that can be seen, asked once for each. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Scope } from '../list/scope.ts';
import { useDesk } from '../shell/app.ts';
import type { MailList } from '../sync/mail-list.ts';
import type { Id } from '../sync/model.ts';
import { isText } from './filter.ts';
import { fromHit, partsOf, type Snippet } from './snippet.ts';

interface SnippetAnswer {
  readonly list: readonly {
    readonly emailId: Id;
    readonly subject: string | null;
    readonly preview: string | null;
  }[];
}

const NONE: ReadonlyMap<Id, Snippet> = new Map();

export function useSnippets(
  list: MailList,
  scope: Scope,
  ids: readonly (Id | undefined)[],
  { from, to }: { readonly from: number; readonly to: number },
): ReadonlyMap<Id, Snippet> {
  const { sync } = useDesk();
  const known = useSignal(NONE);
  const asked = useRef(new Set<Id>());
  useEffect(() => {
    known.value = NONE;
    asked.current = new Set();
  }, [list]);
  useEffect(() => {
    if (scope.kind !== 'search' || !isText(scope.filter)) return;
    const mine = asked.current;
    const missing = ids.slice(from, to).filter((id) => id !== undefined && !mine.has(id)) as Id[];
    if (missing.length === 0) return;
    for (const id of missing) mine.add(id);
    const { result } = sync.client.call<SnippetAnswer>('SearchSnippet/get', {
      filter: scope.filter,
      emailIds: missing,
    });
    result.then(
      ({ list: found }) => {
        if (mine !== asked.current) return;
        const fresh = found.map(
          ({ emailId, subject, preview }) =>
            [
              emailId,
              {
                ...(subject !== null && { subject: partsOf(subject) }),
                ...(preview !== null && { preview: fromHit(partsOf(preview)) }),
              },
            ] as const,
        );
        known.value = new Map([...known.peek(), ...fresh]);
      },
      // Rows show their first words then.
      () => {},
    );
  }, [list, scope, ids, from, to]);
  return known.value;
}
