/** Takes an account away, after a word and the password. */
import { useApp, useDesk } from '../shell/app.ts';
import type { PartProps } from './account.tsx';
import { useAdmin, wordsFor } from './context.tsx';

export function RemoveAccount({ account: { address, isSelf } }: PartProps) {
  const { counter, texts } = useAdmin();
  const { notices, router } = useApp();
  const desk = useDesk();
  const remove = async (dropsQueued: boolean): Promise<void> => {
    const { fault } = await counter.ask('account/remove', { address, ...(dropsQueued && { dropsQueued }) });
    if (fault === undefined) {
      notices.show({ text: texts.account.removed(address) });
      router.replace({ at: 'admin' });
    } else if (fault.code === 'cannot' && !dropsQueued) askAgain();
    else notices.show({ text: wordsFor(fault, texts), isWrong: true });
  };
  const askAgain = (): void =>
    desk.ask({
      ...{ kind: 'confirm', title: texts.account.removeAnyway, text: texts.account.removeAnywayMeans },
      ...{ button: texts.account.removeGo, run: () => void remove(true) },
    });
  if (isSelf) return null;
  return (
    <div>
      <button
        type="button"
        class="button danger"
        onClick={() =>
          desk.ask({
            ...{
              kind: 'confirm',
              title: texts.account.removeTitle(address),
              text: texts.account.removeMeans,
            },
            ...{ button: texts.account.removeGo, run: () => void remove(false) },
          })
        }
      >
        {texts.account.remove}
      </button>
    </div>
  );
}
