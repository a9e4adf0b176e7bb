/** What these pages say, loaded with them in both languages: they are looked at seldom. */
import { useApp } from '../shell/app.ts';
import { security as en, type SecurityTexts } from '../text/en/security.ts';
import { security as sv } from '../text/sv/security.ts';

export function useSecurityTexts(): SecurityTexts {
  return useApp().language.value === 'sv' ? sv : en;
}
