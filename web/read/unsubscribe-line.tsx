/** A mail that came by a list says how one gets off it; asked about first, since it says to the list that somebody reads there. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useApp, useDesk, useTexts } from '../shell/app.ts';
import { Icon } from '../ui/icon.tsx';
import type { FullEmail } from './full-email.ts';
import { nameOf } from './people.ts';
import { useReading } from './reading-context.tsx';
import { LIST_PROPERTIES, type ListFields, type WayOut, waysOut } from './unsubscribe.ts';

export function UnsubscribeLine({ full }: { readonly full: FullEmail }) {
  const desk = useDesk();
  const { list: texts } = useTexts().rules;
  const ways = useWays(full);
  const leave = useLeave(full);
  const isLeft = '$unsubscribed' in (desk.sync.cache.email(full.id).value?.keywords ?? full.keywords);
  const [best, ...others] = ways;
  if (best === undefined) return null;
  const who = full.from?.[0] === undefined ? '' : nameOf(full.from[0]);
  if (isLeft)
    return (
      <p class="list-line">
        <Icon name="check" />
        {texts.left}
      </p>
    );
  return (
    <p class="list-line">
      <Icon name="mute" />
      {texts.isList}
      {best.kind === 'page' ? (
        <a class="button quiet" href={best.url} target="_blank" rel="noopener noreferrer">
          {texts.page}
        </a>
      ) : (
        <button
          type="button"
          class="button quiet"
          onClick={() =>
            desk.ask({
              ...{ kind: 'confirm', title: texts.askTitle(who), button: texts.leave },
              text: best.kind === 'mail' ? texts.mailMeans(best.to) : texts.askMeans,
              run: () => leave(best, others),
            })
          }
        >
          {texts.leave}
        </button>
      )}
    </p>
  );
}

function useWays(full: FullEmail): readonly WayOut[] {
  const { sync } = useDesk();
  const { hostname } = useReading();
  const ways = useSignal<readonly WayOut[]>([]);
  useEffect(() => {
    const asked = sync.client.call<{ readonly list: readonly ListFields[] }>('Email/get', {
      ids: [full.id],
      properties: LIST_PROPERTIES,
    });
    asked.result.then(
      ({ list: [fields] }) => {
        const results = full['header:Authentication-Results:asText:all'] ?? [];
        if (fields !== undefined) ways.value = waysOut(fields, { results, hostname: hostname.peek() });
      },
      // The mail can be read without it.
      () => undefined,
    );
  }, [full.id]);
  return ways.value;
}

function useLeave(full: FullEmail): (way: WayOut, others: readonly WayOut[]) => void {
  const { notices, router } = useApp();
  const { sync } = useDesk();
  const { list: texts } = useTexts().rules;
  const follow = (way: WayOut): void => {
    if (way.kind === 'mail') router.go({ at: 'write', parameters: way.parameters });
    if (way.kind === 'page') window.open(way.url, '_blank', 'noopener,noreferrer');
  };
  const request = async (others: readonly WayOut[]): Promise<void> => {
    const { error } = await sync.client
      .call<{ readonly error: { readonly type: string } | null }>('Email/unsubscribe', { id: full.id })
      .result.catch(() => ({ error: { type: 'unreachable' } }));
    if (error === null) {
      sync.actions.run({ patches: [{ id: full.id, keywords: { $unsubscribed: true } }] });
      notices.show({ text: texts.done });
      return;
    }
    const [other] = others;
    notices.show({
      ...{ text: texts.failed, isWrong: true },
      ...(other && {
        action: { text: other.kind === 'mail' ? texts.byMail : texts.page, run: () => follow(other) },
      }),
    });
  };
  return (way, others) => {
    if (way.kind === 'request') void request(others);
    else follow(way);
  };
}
