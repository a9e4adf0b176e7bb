/** For how long mail stays in Trash and in Junk before it goes by itself (`Retention/*`). */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ChoiceSetting } from '../settings/controls.tsx';
import { useApp, useDesk } from '../shell/app.ts';
import type { Id } from '../sync/model.ts';
import { Section } from './space-parts.tsx';
import { useSpaceTexts } from './space-texts.tsx';

interface Retention {
  readonly id: Id;
  readonly days: number | null;
}

interface SetAnswer {
  readonly notUpdated?: object | null;
}

const CHOICES = [7, 14, 30, 90, 365];
const FOREVER = 'never';

export function RetentionSection() {
  const { notices } = useApp();
  const { sync } = useDesk();
  const texts = useSpaceTexts();
  const kept = useSignal<readonly Retention[]>([]);
  const boxes = (['trash', 'junk'] as const).flatMap((role) => {
    const mailbox = sync.cache.byRole(role);
    return mailbox === undefined ? [] : [{ role, id: mailbox.id }];
  });
  const look = async (): Promise<void> => {
    const ids = boxes.map(({ id }) => id);
    const { list } = await sync.client.call<{ readonly list: readonly Retention[] }>('Retention/get', { ids })
      .result;
    kept.value = list;
  };
  useEffect(() => {
    // Whoever cannot know it is not asked about it.
    void look().catch(() => {});
  }, [boxes.length]);
  const set = async (id: Id, value: string): Promise<void> => {
    const days = value === FOREVER ? null : Number(value);
    kept.value = kept.peek().map((one) => (one.id === id ? { id, days } : one));
    const { notUpdated } = await sync.client
      .call<SetAnswer>('Retention/set', { update: { [id]: { days } } })
      .result.catch(() => ({ notUpdated: {} }));
    if (notUpdated) notices.show({ text: texts.notSaved, isWrong: true });
    await look().catch(() => {});
  };
  const shown = boxes.flatMap(({ role, id }) => {
    const days = kept.value.find((one) => one.id === id)?.days;
    return days === undefined ? [] : [{ role, id, days }];
  });
  if (shown.length === 0) return null;
  return (
    <Section title={texts.retention} hint={texts.retentionMeans}>
      {shown.map(({ role, id, days }) => (
        <ChoiceSetting
          key={id}
          name={role === 'trash' ? texts.keptInTrash : texts.keptInJunk}
          value={days === null ? FOREVER : String(days)}
          choices={[
            ...[...new Set([...CHOICES, ...(days === null ? [] : [days])])]
              .sort((a, b) => a - b)
              .map((one) => [String(one), texts.days(one)] as const),
            [FOREVER, texts.forever],
          ]}
          onChange={(value) => void set(id, value)}
        />
      ))}
    </Section>
  );
}
