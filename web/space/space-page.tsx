/** What fills the account, the largest first, and one step to clean each of it. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { roleName } from '../list/mailbox-name.ts';
import { wordFor } from '../list/scope.ts';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { Link } from '../ui/link.tsx';
import { QuickClean } from './quick-clean.tsx';
import { filterOfSearch, OLD, type Report, searchFrom, searchOfAge } from './report.ts';
import { RetentionSection } from './retention.tsx';
import { Bar, Section, TrashButton, Used } from './space-parts.tsx';
import { useSpaceTexts, WithSpaceTexts } from './space-texts.tsx';
import { useCleaning } from './use-cleaning.tsx';
import { Waiting } from './waiting.tsx';

/** Of each list; the rest is a search away. */
const SHOWN = 8;
/** What is so many times smaller than the largest is not among the largest. */
const WORTH = 20;

export function SpacePage() {
  return (
    <WithSpaceTexts>
      <Filled />
    </WithSpaceTexts>
  );
}

function Filled() {
  const { sync } = useDesk();
  const texts = useSpaceTexts();
  const report = useSignal<Report | undefined>(undefined);
  const isLost = useSignal(false);
  const look = (): void =>
    void sync.client.call<Report>('Usage/report', {}).result.then(
      (found) => {
        report.value = found;
        isLost.value = false;
      },
      () => {
        isLost.value = true;
      },
    );
  useEffect(look, []);
  if (isLost.value) return <p class="notice wrong">{texts.unreachable}</p>;
  const now = report.value;
  if (now === undefined)
    return (
      <p class="hint" role="status">
        {texts.counting}
      </p>
    );
  return (
    <div class="space-page">
      <Used report={now} />
      <Waiting />
      <QuickClean report={now} onDone={look} />
      <Largest report={now} onDone={look} />
      <Senders report={now} onDone={look} />
      <Rest report={now} />
      <RetentionSection />
    </div>
  );
}

interface PartProps {
  readonly report: Report;
  readonly onDone: () => void;
}

function Largest({ report, onDone }: PartProps) {
  const { formats } = useApp();
  const { sync } = useDesk();
  const texts = useSpaceTexts();
  const cleaning = useCleaning(onDone);
  const { mailboxes } = sync.cache;
  const [first] = report.largest;
  const wanted = report.largest
    .filter(({ size }) => size * WORTH >= (first?.size ?? 0))
    .filter(({ mailboxId }) => mailboxes.value.get(mailboxId)?.role !== 'trash')
    .slice(0, SHOWN);
  const most = first?.size ?? 1;
  if (wanted.length === 0) return null;
  const open = (mailboxId: string, threadId: string | undefined) => {
    const mailbox = mailboxes.value.get(mailboxId);
    if (mailbox === undefined) return undefined;
    return { at: 'mailbox', mailbox: wordFor(mailbox), ...(threadId && { thread: threadId }) } as const;
  };
  const threads = useThreads(wanted.map(({ emailId }) => emailId));
  return (
    <Section title={texts.largest}>
      <ul class="space-list">
        {wanted.map(({ emailId, mailboxId, size, from, subject, receivedAt }) => {
          const place = open(mailboxId, threads.get(emailId));
          const name = subject || texts.noSubject;
          const what = (
            <>
              <span class="space-name">
                <bdi>{name}</bdi>
              </span>
              <span class="space-size">{formats.value.size(size)}</span>
              <span class="space-bar" aria-hidden="true">
                <span style={{ width: `${Math.max(1, (100 * size) / most)}%` }} />
              </span>
              <small>
                {formats.value.listTime(receivedAt, new Date())} · <bdi>{from || texts.noSender}</bdi>
              </small>
            </>
          );
          return (
            <li key={emailId} class="space-row">
              {place === undefined ? (
                <span class="space-line">{what}</span>
              ) : (
                <Link place={place} class="space-line">
                  {what}
                </Link>
              )}
              <TrashButton label={texts.deleteThis(name)} onClick={() => cleaning.one(emailId)} />
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

/** The conversations of these mails, by mail. */
function useThreads(ids: readonly string[]): ReadonlyMap<string, string> {
  const { sync } = useDesk();
  const threads = useSignal<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    void sync.client
      .call<{ readonly list: readonly { readonly id: string; readonly threadId: string }[] }>('Email/get', {
        ...{ ids, properties: ['threadId'] },
      })
      .result.then(
        ({ list }) => {
          threads.value = new Map(list.map(({ id, threadId }) => [id, threadId]));
        },
        () => {},
      );
  }, [ids.join()]);
  return threads.value;
}

function Senders({ report, onDone }: PartProps) {
  const { sync } = useDesk();
  const texts = useSpaceTexts();
  const cleaning = useCleaning(onDone);
  const shown = report.senders.slice(0, SHOWN);
  const most = shown[0]?.size ?? 1;
  if (shown.length === 0) return null;
  const ask = (email: string): void =>
    void cleaning.ask({
      ...{ title: texts.deleteOldTitle(email), text: texts.deleteOldMeans },
      filter: filterOfSearch(`${searchFrom(email)} ${OLD}`, sync.cache.mailboxes.peek(), new Date()),
    });
  return (
    <Section title={texts.senders}>
      <ul class="space-list">
        {shown.map(({ email, ...sum }) =>
          email === '' ? (
            <Bar key="" name={texts.noSender} sum={sum} most={most} />
          ) : (
            <Bar
              key={email}
              {...{ name: email, sum, most }}
              place={{ at: 'search', query: searchFrom(email) }}
            >
              <TrashButton label={texts.deleteOldOf(email)} onClick={() => ask(email)} />
            </Bar>
          ),
        )}
      </ul>
    </Section>
  );
}

function Rest({ report }: Pick<PartProps, 'report'>) {
  const { list } = useTexts();
  const texts = useSpaceTexts();
  const mailboxes = report.mailboxes.filter(({ emails }) => emails > 0).slice(0, SHOWN);
  const kinds = report.kinds.filter(({ emails }) => emails > 0);
  const most = Math.max(...report.ages.map(({ size }) => size));
  return (
    <>
      <Section title={texts.mailboxes}>
        <ul class="space-list">
          {mailboxes.map(({ id, name, role, ...sum }) => (
            <Bar
              key={id}
              {...{ name: roleName({ name, role }, list), sum, most: mailboxes[0]?.size ?? 1 }}
              place={{ at: 'mailbox', mailbox: role ?? id }}
            />
          ))}
        </ul>
      </Section>
      {kinds.length === 0 ? null : (
        <Section title={texts.kinds}>
          <ul class="space-list">
            {kinds.map(({ kind, ...sum }) => (
              <Bar key={kind} {...{ name: texts.kindNames[kind] ?? kind, sum, most: kinds[0]?.size ?? 1 }} />
            ))}
          </ul>
        </Section>
      )}
      <Section title={texts.ages}>
        <ul class="space-list">
          {report.ages.map(({ youngerThanDays: days, ...sum }, at) => {
            const query = searchOfAge(days, report.ages[at - 1]?.youngerThanDays ?? null);
            const name = texts.ageNames[days ?? 'older'] ?? '';
            return sum.emails === 0 ? null : (
              <Bar key={name} {...{ name, sum, most }} place={{ at: 'search', query }} />
            );
          })}
        </ul>
      </Section>
    </>
  );
}
