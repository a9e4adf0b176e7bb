/**
 * Mailbox names for clients that have not enabled UTF-8 (RFC 3501 §5.1.3), with this protocol's answer to a name that is
 * none. The encoding itself is `mail/modified-utf7.ts`.
 */
import { decodeModifiedUtf7 as decode } from '../../mail/modified-utf7.ts';
import { SyntaxFault } from './fault.ts';

export { encodeModifiedUtf7 } from '../../mail/modified-utf7.ts';

/** Throws a SyntaxFault (NO [CANNOT]): the command is well formed, the name is none. */
export function decodeModifiedUtf7(text: string): string {
  const name = decode(text);
  if (name !== undefined) return name;
  throw new SyntaxFault('Mailbox name is not valid modified UTF-7', {
    status: 'NO',
    code: { code: 'CANNOT' },
  });
}
