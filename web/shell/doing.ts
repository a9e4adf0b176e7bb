/** A deed as a person does it: what cannot be undone is asked about first. */
import type { Chosen, Deed } from '../list/deeds.ts';
import type { Texts } from '../text/en.ts';
import type { Desk } from './desk.ts';

/** `then`: when it is done, also after the question. */
export function doAsked(
  desk: Pick<Desk, 'deeds' | 'ask'>,
  texts: Texts['deeds'],
  deed: Deed,
  chosen: Chosen,
  then: () => void = () => {},
): void {
  const run = (): void => {
    desk.deeds.do(deed, chosen);
    then();
  };
  if (deed !== 'delete' || !desk.deeds.isFinal(chosen.mailbox)) {
    run();
    return;
  }
  desk.ask({
    ...{ kind: 'confirm', title: texts.destroyTitle(chosen.threads.length), text: texts.destroyMeans, run },
    button: texts.deleteForGood,
  });
}
