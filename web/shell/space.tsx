/** How much of the account's room is used (RFC 9425), as a thin bar; nothing where there is no limit. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useDesk, useTexts } from './app.ts';

interface Quota {
  readonly used: number;
  readonly hardLimit: number;
  readonly resourceType: string;
}

const QUOTA = 'urn:ietf:params:jmap:quota';
const CAUTION = 0.8;

export function Space() {
  const { sync } = useDesk();
  const { formats } = useApp();
  const { shell } = useTexts();
  const quota = useSignal<Quota | undefined>(undefined);
  const used = sync.cache.byRole('inbox')?.totalEmails;
  useEffect(() => {
    const ask = async (): Promise<void> => {
      const { capabilities } = await sync.client.session();
      if (!(QUOTA in capabilities)) return;
      const { list } = await sync.client.call<{ readonly list: readonly Quota[] }>('Quota/get', { ids: null })
        .result;
      quota.value = list.find(({ resourceType }) => resourceType === 'octets');
    };
    // Whoever cannot know it shows nothing.
    void ask().catch(() => {});
  }, [used]);
  if (quota.value === undefined) return null;
  const { used: octets, hardLimit } = quota.value;
  const part = Math.min(1, octets / Math.max(1, hardLimit));
  const text = shell.used(formats.value.size(octets), formats.value.size(hardLimit));
  return (
    <div class={part >= CAUTION ? 'space caution' : 'space'}>
      <progress value={part} max={1} aria-label={text} />
      <span aria-hidden="true">{text}</span>
    </div>
  );
}
