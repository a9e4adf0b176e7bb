/** What these pages say: loaded with them and not before, in both languages, for they are looked at seldom. */
import { useApp } from '../shell/app.ts';
import { space as en, type SpaceTexts } from '../text/en/space.ts';
import { space as sv } from '../text/sv/space.ts';

export function useSpaceTexts(): SpaceTexts {
  return useApp().language.value === 'sv' ? sv : en;
}
