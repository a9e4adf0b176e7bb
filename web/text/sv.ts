/** Everything the webmail says, in Swedish. */
import type { Texts } from './en.ts';
import { shell } from './sv/shell.ts';
import { signIn } from './sv/sign-in.ts';

export const sv = { signIn, shell } satisfies Texts;
