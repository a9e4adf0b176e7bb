/** What is quick to clean: each a sentence with how much it is, and one press. Only what there is. */
import { useApp, useDesk } from '../shell/app.ts';
import type { Place } from '../shell/places.ts';
import { Icon } from '../ui/icon.tsx';
import { Link } from '../ui/link.tsx';
import { filterOfSearch, largeAbove, type Report, VERY_OLD } from './report.ts';
import { Section } from './space-parts.tsx';
import { useSpaceTexts } from './space-texts.tsx';
import { useCleaning } from './use-cleaning.tsx';
import { useEmptying } from './use-emptying.ts';

interface QuickCleanProps {
  readonly report: Report;
  readonly onDone: () => void;
}

export function QuickClean({ report, onDone }: QuickCleanProps) {
  const { formats } = useApp();
  const { sync } = useDesk();
  const texts = useSpaceTexts();
  const empty = useEmptying(onDone);
  const { size } = formats.value;
  const emptied = (['trash', 'junk'] as const).flatMap((role) => {
    const mailbox = sync.cache.byRole(role);
    const known = report.mailboxes.find(({ id }) => id === mailbox?.id);
    if (mailbox === undefined || known === undefined || known.emails === 0) return [];
    const title = role === 'trash' ? texts.emptyTrash : texts.emptyJunk;
    return [
      <button key={role} type="button" class="setting" onClick={() => void empty(mailbox)}>
        <span>
          {title} ({size(known.size)})<small>{texts.mails(known.emails)}</small>
        </span>
        <Icon name="trash" />
      </button>,
    ];
  });
  const large = largeAbove(report.largest);
  const old = report.ages.find(({ youngerThanDays }) => youngerThanDays === null);
  const { recoverable } = report;
  const rows = [
    ...emptied,
    large === undefined ? null : (
      <Sweep
        key="large"
        title={texts.largeMail(size(large * 1_000_000))}
        search={`larger:${large}m`}
        onDone={onDone}
      />
    ),
    old === undefined || old.emails === 0 ? null : (
      <Sweep key="old" title={texts.oldMail} means={size(old.size)} search={VERY_OLD} onDone={onDone} />
    ),
    recoverable.emails === 0 ? null : (
      <Link key="deleted" place={{ at: 'settings', page: 'deleted' }} class="setting">
        <span>
          {texts.deletedMail} ({size(recoverable.size)})
          <small>{texts.deletedMailMeans(texts.mails(recoverable.emails))}</small>
        </span>
        <Icon name="forward" />
      </Link>
    ),
  ].filter((row) => row !== null);
  return (
    <Section title={texts.clean}>
      {rows.length === 0 ? <p class="hint">{texts.nothingToClean}</p> : rows}
    </Section>
  );
}

interface SweepProps {
  readonly title: string;
  readonly means?: string;
  /** As somebody would type it. */
  readonly search: string;
  readonly onDone: () => void;
}

/** Mail that a search finds: shown, or deleted at once, and nothing but that mail. */
function Sweep({ title, means, search, onDone }: SweepProps) {
  const { sync } = useDesk();
  const texts = useSpaceTexts();
  const cleaning = useCleaning(onDone);
  const place: Place = { at: 'search', query: search };
  const ask = (): void =>
    void cleaning.ask({
      ...{ title: texts.deleteTitle(title), text: texts.deleteMeans },
      filter: filterOfSearch(search, sync.cache.mailboxes.peek(), new Date()),
    });
  return (
    <div class="setting">
      <span>
        {title}
        {means ? <small>{means}</small> : null}
      </span>
      <span class="settings-buttons sweep">
        <Link place={place} class="button" label={`${texts.show}: ${title}`}>
          {texts.show}
        </Link>
        <button type="button" class="button" aria-label={`${texts.delete}: ${title}`} onClick={ask}>
          {texts.delete}
        </button>
      </span>
    </div>
  );
}
