/** The settings that accounts can have, of all protocols; each is declared beside its protocol. */
import { settingProblem } from '../config/account-settings.ts';
import { choice, type Option } from '../config/option.ts';
import { ROLE, ROLES } from '../identity/role.ts';
import type { AccountSettings } from '../identity/settings.ts';
import { ACCESS, ACCESSES } from '../mailbox/model/access.ts';
import { POP3_ACCOUNT_SETTINGS } from '../pop3/settings.ts';
import { SUBMISSION_ACCOUNT_SETTINGS } from '../submission/settings.ts';
import { WEB_ACCOUNT_SETTINGS } from '../web/preferences.ts';
import { ANNOTATION_ACCOUNT_SETTINGS } from './annotation-room.ts';
import { RETENTION_ACCOUNT_SETTINGS } from './keeping.ts';
import { QUEUE_ACCOUNT_SETTINGS } from './report-language.ts';

/** What an account is to the server itself. */
const STANDING = {
  [ROLE]: choice(ROLES, {
    default: 'person',
    doc: 'Whether its person administers the server in the webmail: accounts, domains, the queue, who is connected.',
  }),
  [ACCESS]: choice(ACCESSES, {
    default: 'open',
    doc: 'Whether anybody may sign in. A closed account keeps its mail and goes on receiving; who is signed in is sent away.',
  }),
};

export const SETTINGS: Readonly<Record<string, Option<unknown>>> = Object.freeze({
  ...STANDING,
  ...POP3_ACCOUNT_SETTINGS,
  ...SUBMISSION_ACCOUNT_SETTINGS,
  ...WEB_ACCOUNT_SETTINGS,
  ...QUEUE_ACCOUNT_SETTINGS,
  ...RETENTION_ACCOUNT_SETTINGS,
  ...ANNOTATION_ACCOUNT_SETTINGS,
});

export const ACCOUNT_SETTINGS: AccountSettings = Object.freeze({
  problemWith: (name: string, value: string | undefined) => settingProblem(SETTINGS, name, value),
});
