/**
 * What delivery computes of an email, computed again from its stored octets: for emails of an older version, and for facts that
 * are damaged. In slices, so that a large message holds nobody up.
 */
import { TimeSlice } from '../../base/time-slice.ts';
import { MessageAnalyzer, type MessageFacts } from '../../mail/message.ts';
import type { Domain } from '../domain.ts';
import type { EmailId } from '../model/model.ts';
import { damageIn } from '../port/store-words.ts';

/** Read and analyzed at once: some hundred microseconds. */
const PIECE_BYTES = 64 * 1024;

/** Undefined when the octets are not all there. */
export async function computeFacts(
  { store }: Pick<Domain, 'store'>,
  email: EmailId,
  sizeBytes: number,
): Promise<MessageFacts | undefined> {
  const analyzer = new MessageAnalyzer();
  const slice = new TimeSlice();
  try {
    for await (const piece of store.readStream({ email, start: 0, end: sizeBytes })) {
      for (let at = 0; at < piece.length; at += PIECE_BYTES) {
        analyzer.write(piece.subarray(at, at + PIECE_BYTES));
        const spent = slice.spent();
        if (spent !== undefined) await spent;
      }
    }
  } catch (error) {
    if (damageIn(error) === undefined) throw error;
    return undefined;
  }
  const steps = analyzer.endInSteps();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value.sizeBytes === sizeBytes ? step.value : undefined;
    const spent = slice.spent();
    if (spent !== undefined) await spent;
  }
}
