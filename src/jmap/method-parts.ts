/** What methods need beside the domain, of all families. */
import type { EmailWriting } from './mail/email-writing.ts';

export interface MethodParts extends EmailWriting {}
