/** How much room an account has, how long mail stays in Trash and Junk, and what was deleted and can be brought back. */
import { useSignal } from '@preact/signals';
import { ChoiceSetting } from '../settings/controls.tsx';
import { useApp } from '../shell/app.ts';
import type { PartProps } from './account.tsx';
import { QuotaField } from './add-account.tsx';
import { FaultLine, useAdmin, useAsked, useDo } from './context.tsx';
import { octetsOf } from './quota.ts';
import { daysOf, RETENTION_DAYS } from './retention.ts';
import type { RetentionName } from './wire.ts';

export function Keeping(part: PartProps) {
  const { texts } = useAdmin();
  return (
    <>
      <section class="settings-group">
        <h2>{texts.account.room}</h2>
        <Quota {...part} />
        <Retention {...part} which="retention.trash" />
        <Retention {...part} which="retention.junk" />
      </section>
      <Deleted {...part} />
    </>
  );
}

function Quota({ account: { address, quotaBytes, quotaFrom }, onChanged }: PartProps) {
  const { texts } = useAdmin();
  const does = useDo();
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const bytes = octetsOf(String(new FormData(event.currentTarget as HTMLFormElement).get('quota')));
    if (await does('account/quota', { address, bytes: bytes ?? 'default' })) await onChanged();
  };
  return (
    <form class="admin-inline admin-pad" onSubmit={submit}>
      <QuotaField
        key={quotaBytes}
        name={texts.account.quota}
        bytes={quotaFrom.bytes === 'account' ? quotaBytes : undefined}
      />
      <button type="submit" class="button">
        {texts.save}
      </button>
      <p class="hint">{texts.account.quotaMeans}</p>
    </form>
  );
}

function Retention({
  account: { address, retention },
  onChanged,
  which,
}: PartProps & { readonly which: RetentionName }) {
  const { texts } = useAdmin();
  const does = useDo();
  const current = daysOf(retention[which]);
  const words = (days: number | null): string =>
    days === null
      ? texts.account.days.default
      : days === 0
        ? texts.account.days.forever
        : texts.account.days.count(days);
  const all = RETENTION_DAYS.includes(current) ? RETENTION_DAYS : [...RETENTION_DAYS, current];
  return (
    <ChoiceSetting
      name={texts.account.keeps[which]}
      value={String(current)}
      choices={all.map((days) => [String(days), words(days)] as const)}
      onChange={(days) =>
        void does('account/retention', { address, which, days: JSON.parse(days) }).then(onChanged)
      }
    />
  );
}

const DAY_MS = 86_400_000;
const SINCE = { day: DAY_MS, week: 7 * DAY_MS, all: undefined };
type Since = keyof typeof SINCE;

function Deleted({ account: { address }, onChanged }: PartProps) {
  const { texts } = useAdmin();
  const { formats, notices } = useApp();
  const does = useDo();
  const since = useSignal<{ readonly name: Since; readonly sinceMs?: number }>({ name: 'all' });
  const { sinceMs } = since.value;
  const body = { address, ...(sinceMs !== undefined && { sinceMs }) };
  const { value, fault, again } = useAsked<{ messages: number; bytes: number }>('account/deleted', body);
  const choose = (name: Since): void => {
    const ms = SINCE[name];
    since.value = ms === undefined ? { name } : { name, sinceMs: Date.now() - ms };
  };
  const recover = async (): Promise<void> => {
    await does<{ messages: number }>('account/recover', body, ({ messages }) =>
      notices.show({ text: texts.account.recovered(messages) }),
    );
    await Promise.all([again(), onChanged()]);
  };
  return (
    <section class="settings-group">
      <h2>{texts.account.deleted}</h2>
      <ChoiceSetting
        name={texts.account.deletedSince}
        value={since.value.name}
        choices={(['day', 'week', 'all'] as const).map((one) => [one, texts.account.since[one]])}
        onChange={choose}
      />
      <FaultLine fault={fault} />
      {value === undefined ? null : (
        <div class="setting">
          <span role="status">
            {texts.account.canRecover(value.messages, formats.value.size(value.bytes))}
          </span>
          {value.messages === 0 ? null : (
            <button type="button" class="button" onClick={() => void recover()}>
              {texts.account.recover}
            </button>
          )}
        </div>
      )}
    </section>
  );
}
