/** What scripts may ask of annotations (RFC 5490): of mailboxes and of the server, as the owner would see them. */
import { annotationName } from '../mail/annotation-name.ts';
import type { Domain } from '../mailbox/domain.ts';
import { NO_MAILBOX } from '../mailbox/model/annotations.ts';
import type { MailboxId } from '../mailbox/model/model.ts';
import { readAnnotations, type ServerAnnotations } from '../mailbox/operations/annotations.ts';
import type { AccountState } from '../mailbox/state/account.ts';
import type { Mailboxes } from '../sieve/environment.ts';

export interface AnnotationSources {
  readonly store: Domain['store'];
  readonly serverAnnotations: ServerAnnotations;
}

const SPECIAL_USE = '/private/specialuse';

/** Each is read once a run. A failure to read is one of the script (RFC 5490 §5). */
export function annotationsOf(
  sources: AnnotationSources,
  account: AccountState,
): Pick<Mailboxes, 'metadata' | 'serverMetadata'> {
  const known = new Map<string, Promise<string | undefined>>();
  const valueAt = (mailbox: MailboxId, raw: string): Promise<string | undefined> | undefined => {
    const name = annotationName(raw);
    if (name === undefined) return undefined;
    const key = `${mailbox}${name}`;
    const asked =
      known.get(key) ??
      readAnnotations(sources, account, [{ mailbox, name }]).then(([value]) => value?.toString('utf8'));
    known.set(key, asked);
    return asked;
  };
  return {
    metadata(mailbox, annotation) {
      const found = account.byName.get(mailbox);
      if (found === undefined) return undefined;
      if (annotation.toLowerCase() !== SPECIAL_USE) return valueAt(found.id, annotation);
      // RFC 6154 §4, as LIST has it.
      const { role } = found;
      return role && `\\${role.charAt(0).toUpperCase()}${role.slice(1)}`;
    },
    serverMetadata: (annotation) => valueAt(NO_MAILBOX, annotation),
  };
}
