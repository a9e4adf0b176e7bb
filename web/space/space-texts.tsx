/** What these pages say: loaded when the first of them is shown, in the language that is read. */
import { useSignal } from '@preact/signals';
import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect } from 'preact/hooks';
import { useApp } from '../shell/app.ts';
import type { SpaceTexts } from '../text/en/space.ts';
import { type Language, saidIn } from '../text/language.ts';

const Context = createContext<SpaceTexts | undefined>(undefined);

/** Around whatever asks for them. */
export function WithSpaceTexts({ children }: { readonly children: ComponentChildren }) {
  const { language } = useApp();
  const texts = useSignal<SpaceTexts | undefined>(undefined);
  useEffect(() => {
    void saidIn(language.value, load).then((said) => {
      texts.value = said.texts;
    });
  }, [language.value]);
  return texts.value === undefined ? null : (
    <Context.Provider value={texts.value}>{children}</Context.Provider>
  );
}

export function useSpaceTexts(): SpaceTexts {
  const texts = useContext(Context);
  if (texts === undefined) throw new Error('nothing of the kind is around this');
  return texts;
}

async function load(language: Language): Promise<SpaceTexts> {
  return language === 'sv'
    ? (await import('../text/sv/space.ts')).space
    : (await import('../text/en/space.ts')).space;
}
