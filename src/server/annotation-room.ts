/** How many octets of annotations an account may keep: what its own setting says, or the configuration. */
import { type Config, OPTIONS } from '../config/options.ts';
import { ANNOTATION_BYTES } from '../mailbox/model/annotations.ts';
import type { AccountRecord } from '../mailbox/model/model.ts';

const { annotations } = OPTIONS.quota;

export const ANNOTATION_ACCOUNT_SETTINGS = Object.freeze({ [ANNOTATION_BYTES]: annotations });

export function annotationRoomOf({
  quota,
}: {
  readonly quota: Pick<Config['quota'], 'annotations'>;
}): (record: Pick<AccountRecord, 'settings'>) => number {
  return ({ settings }) => {
    const own = settings[ANNOTATION_BYTES];
    const parsed = own === undefined ? undefined : annotations.schema.safeParse(own);
    return parsed?.success === true ? parsed.data : quota.annotations;
  };
}
