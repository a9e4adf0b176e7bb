/** Nothing was found: where it was looked for, and the next wider place. */
import { parseSearch } from '../../src/mail/search-language.ts';
import { useTexts } from '../shell/app.ts';
import type { Place } from '../shell/places.ts';
import { Link } from '../ui/link.tsx';
import { Mark } from '../ui/mark.tsx';
import { toggled, writeSearch } from './query.ts';

export function Nothing({ place }: { readonly place: Place }) {
  const { search: texts } = useTexts();
  const query = place.at === 'search' ? place.query : '';
  const terms = parseSearch(query);
  const isEverywhere = terms.some(({ operator, value }) => operator === 'in' && value === 'anywhere');
  const wider = writeSearch(toggled(terms, { operator: 'in', value: 'anywhere', isNot: false }));
  return (
    <div class="empty" role="status">
      <Mark size={72} />
      <p class="empty-said" dir="auto">
        {texts.nothing(query)}
      </p>
      <p class="empty-more">{isEverywhere ? texts.searchedEverywhere : texts.searchedWithout}</p>
      {isEverywhere ? null : (
        <Link place={{ at: 'search', query: wider }} class="button">
          {texts.everywhere}
        </Link>
      )}
    </div>
  );
}
