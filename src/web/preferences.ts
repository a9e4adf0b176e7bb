/**
 * What a person has chosen in the webmail, the same on all devices: kept among the account's settings as one of them. The page
 * decides what each means; here it is bounded and well formed.
 */
import { z } from 'zod';
import { string } from '../config/option.ts';

export const PREFERENCES = 'web.preferences';
const MAX_LENGTH = 4000;

const VALUE = z.union([z.string().max(2000), z.number(), z.boolean()]);
export const PREFERENCES_SCHEMA = z
  .record(z.string().regex(/^[a-zA-Z][a-zA-Z0-9]{0,39}$/), VALUE)
  .refine((all) => Object.keys(all).length <= 50 && JSON.stringify(all).length <= MAX_LENGTH);

export const WEB_ACCOUNT_SETTINGS = {
  [PREFERENCES]: string({
    default: '{}',
    pattern: /^\{[^\0-\x1f]{0,4000}\}$/,
    expected: 'what the webmail has written',
    doc: 'What the person has chosen in the webmail, as it writes it.',
  }),
};

export function preferencesOf(settings: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  try {
    return PREFERENCES_SCHEMA.parse(JSON.parse(settings[PREFERENCES] ?? '{}'));
  } catch {
    return {};
  }
}
