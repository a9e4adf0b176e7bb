/**
 * Everything the webmail says, in English. Each part of it has its texts in `en/`, and in `sv/` under the same names; what is
 * missing there does not compile. A sentence is never glued from parts: what varies is an argument of a function.
 */

import { deeds } from './en/deeds.ts';
import { list } from './en/list.ts';
import { read } from './en/read.ts';
import { rules, vacation } from './en/rules.ts';
import { search } from './en/search.ts';
import { settings } from './en/settings.ts';
import { shell } from './en/shell.ts';
import { signIn } from './en/sign-in.ts';
import { snooze } from './en/snooze.ts';
import { write } from './en/write.ts';

export const en = { deeds, list, read, rules, search, settings, shell, signIn, snooze, vacation, write };

export type Texts = typeof en;
