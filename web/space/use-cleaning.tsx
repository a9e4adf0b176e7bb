/** Cleaning as a person does it: asked with numbers, said when it is done, and taken back by one press. */
import { useMemo } from 'preact/hooks';
import { useApp, useDesk } from '../shell/app.ts';
import type { Filter, Id } from '../sync/model.ts';
import { Cleaning } from './cleaning.ts';
import { useSpaceTexts } from './space-texts.tsx';

export interface Asked {
  readonly title: string;
  /** With how many mails it is about. */
  readonly text: (mails: string) => string;
  readonly filter: Filter;
}

/** `onDone`: something has moved, there or back. */
export function useCleaning(onDone: () => void) {
  const { notices } = useApp();
  const desk = useDesk();
  const texts = useSpaceTexts();
  return useMemo(() => {
    const cleaning = (): Cleaning | undefined => {
      const trash = desk.sync.cache.byRole('trash');
      return trash && new Cleaning(desk.sync.client, trash.id);
    };
    const settled = (): void => {
      void desk.sync.sync();
      onDone();
    };
    const broken = (): void => notices.show({ text: texts.broken, isWrong: true });
    const run = async (made: Cleaning, clean: () => Promise<unknown>): Promise<void> => {
      let isBroken = false;
      try {
        await clean();
      } catch {
        isBroken = true;
      }
      settled();
      const undo = { text: texts.undo, run: () => void made.undo().then(settled, broken) };
      const text = isBroken ? texts.broken : texts.moved(made.moved);
      if (made.moved > 0) notices.show({ text, isWrong: isBroken, action: undo });
      else notices.show({ text: isBroken ? texts.broken : texts.deleteNone, isWrong: isBroken });
    };
    return {
      async ask({ title, text, filter }: Asked): Promise<void> {
        const made = cleaning();
        if (made === undefined) return;
        const count = await made.count(filter).catch(() => undefined);
        if (count === undefined) broken();
        else if (count === 0) notices.show({ text: texts.deleteNone });
        else
          desk.ask({
            ...{ kind: 'confirm', title, text: text(texts.mails(count)), button: texts.delete },
            run: () => {
              notices.show({ text: texts.working(0, count) });
              const tell = (): void => notices.show({ text: texts.working(made.moved, count) });
              void run(made, () => made.clean(filter, tell));
            },
          });
      },
      one(id: Id): void {
        const made = cleaning();
        if (made !== undefined) void run(made, () => made.cleanThese([id]));
      },
    };
  }, [desk, texts]);
}
