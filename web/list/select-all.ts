/** Selects all rows of a list, those too that nobody has scrolled to: as many as one action takes. */
import type { MailList } from '../sync/mail-list.ts';
import type { Selection } from './selection.ts';

export const MOST_SELECTED = 1000;

export async function selectAll(list: Pick<MailList, 'rows' | 'need'>, selection: Selection): Promise<void> {
  const all = (): void => selection.all(list.rows.peek().ids.slice(0, MOST_SELECTED));
  // Those that are known at once, and the others when they are.
  all();
  const { total = 0 } = list.rows.peek();
  await list.need(0, Math.min(total, MOST_SELECTED) - 1);
  // Whoever has let go of them meanwhile does not want them.
  if (selection.chosen.peek().size > 0) all();
}
