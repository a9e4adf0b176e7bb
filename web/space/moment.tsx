/** Back to a moment: when, what would come back, and then it comes. */
import { useSignal } from '@preact/signals';
import { useApp, useDesk } from '../shell/app.ts';
import type { DeletedMail, Preview } from './deleted-mail.ts';
import { useMailboxName } from './deleted-row.tsx';
import { Section } from './space-parts.tsx';
import { useSpaceTexts } from './space-texts.tsx';
import type { DeletedDeeds } from './use-deleted.ts';

interface MomentProps {
  readonly deleted: DeletedMail;
  readonly deeds: DeletedDeeds;
}

/** More are summed up by the number of mails. */
const MOST_PLACES = 6;

export function MomentForm({ deleted, deeds }: MomentProps) {
  const { formats, notices } = useApp();
  const desk = useDesk();
  const texts = useSpaceTexts();
  const places = usePlaces();
  const at = useSignal(localTime(startOfDay(0)));
  const ask = async (): Promise<void> => {
    const when = new Date(at.peek());
    if (Number.isNaN(when.getTime())) return;
    const choice = { filter: { after: when.toISOString() } };
    const preview = await deleted.preview(choice).catch(() => undefined);
    if (preview === undefined) notices.show({ text: texts.unreachable, isWrong: true });
    else if (preview.emails + preview.mailboxes === 0) notices.show({ text: texts.momentNothing });
    else
      desk.ask({
        ...{ kind: 'confirm', title: texts.momentTitle(texts.mails(preview.emails)) },
        text: places(preview, formats.value.fullTime(when.toISOString())),
        ...{ button: texts.bringBack, isHarmless: true },
        run: () => void deeds.bringBack(choice),
      });
  };
  const shortcut = (text: string, days: number) => (
    <button type="button" class="chip" onClick={() => (at.value = localTime(startOfDay(days)))}>
      {text}
    </button>
  );
  return (
    <Section title={texts.moment} hint={texts.momentMeans}>
      <form
        class="settings-form moment"
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
        <div class="moment-days">
          {shortcut(texts.today, 0)}
          {shortcut(texts.yesterday, 1)}
          {shortcut(texts.week, 7)}
        </div>
        <label class="field">
          <span>{texts.since}</span>
          <input
            class="input"
            type="datetime-local"
            required
            max={localTime(new Date())}
            value={at.value}
            onInput={({ currentTarget: { value } }) => (at.value = value)}
          />
        </label>
        <button type="submit" class="button">
          {texts.look}
        </button>
      </form>
    </Section>
  );
}

function usePlaces(): (preview: Preview, when: string) => string {
  const { formats, language } = useApp();
  const texts = useSpaceTexts();
  const nameOf = useMailboxName();
  return ({ size, into, error }, when) => {
    const shown = [...into].sort((a, b) => b.emails - a.emails).slice(0, MOST_PLACES);
    const places = shown.map(({ mailbox, isNew, emails: count }) => {
      const name = nameOf({ mailbox, role: mailbox === 'INBOX' ? 'inbox' : null });
      return (isNew ? texts.newPlace : texts.place)(name, formats.value.number(count));
    });
    if (into.length > shown.length) places.push('…');
    const listed = new Intl.ListFormat(language.value, { type: 'unit' }).format(places);
    const said = texts.comesBack(when, formats.value.size(size), listed);
    return error === null ? said : `${said} ${texts.noRoomForAll}`;
  };
}

function startOfDay(daysAgo: number): Date {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - daysAgo);
}

/** As the field has it: the person's own time, to the minute. */
function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
