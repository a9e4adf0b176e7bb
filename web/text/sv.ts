/** Everything the webmail says, in Swedish. */
import type { Texts } from './en.ts';
import { deeds } from './sv/deeds.ts';
import { list } from './sv/list.ts';
import { read } from './sv/read.ts';
import { rules, vacation } from './sv/rules.ts';
import { search } from './sv/search.ts';
import { settings } from './sv/settings.ts';
import { shell } from './sv/shell.ts';
import { signIn } from './sv/sign-in.ts';
import { snooze } from './sv/snooze.ts';
import { write } from './sv/write.ts';

export const sv = {
  deeds,
  list,
  read,
  rules,
  search,
  settings,
  shell,
  signIn,
  snooze,
  vacation,
  write,
} satisfies Texts;
