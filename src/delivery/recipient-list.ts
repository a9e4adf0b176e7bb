/**
 * The recipients of one message. What RCPT names may be several people, in this process and in others, and has one reply:
 * it is taken when all of them can take it, now or later, and delivered when all of them have it, or the queue has it for them.
 *
 * Who could not get it for now while others did fails the whole: the sender tries again, and who has had it is remembered for a
 * while (`repeats.ts`). Who cannot get it for good is left out.
 */
import type { Reply } from '../smtp/reply.ts';
import type { NamedRecipient } from './envelope.ts';

/** One of those who receive for what a RCPT named; those that another process holds are one together. */
export interface RecipientPart extends NamedRecipient {
  /** Which RCPT; undefined when it was refused after this part had taken it. */
  readonly command: number | undefined;
}

/** Of one message, lists and all. */
const MAX_PARTS = 10_000;

export class RecipientList {
  readonly #parts: RecipientPart[] = [];
  #commands = 0;

  get parts(): readonly RecipientPart[] {
    return this.#parts;
  }

  hasRoomFor(parts: number): boolean {
    return this.#parts.length + parts <= MAX_PARTS;
  }

  /** Some of them have one reply together. */
  get sharesReplies(): boolean {
    return this.#parts.length > this.#commands;
  }

  take(parts: readonly NamedRecipient[]): void {
    const command = this.#commands++;
    for (const part of parts) this.#parts.push({ ...part, command });
  }

  /** It was refused, and those of other processes who had taken it will answer for it: that is no answer to any command. */
  leave(parts: readonly NamedRecipient[]): void {
    for (const part of parts)
      if (part.holder !== undefined) this.#parts.push({ ...part, command: undefined });
  }

  /** `replies`: of all parts, in their order. Gives one for each command that was taken, in order (RFC 2033 §4.2). */
  repliesOf(replies: readonly Reply[]): readonly Reply[] {
    const byCommand = Array.from({ length: this.#commands }, (): Reply[] => []);
    for (const [i, { command }] of this.#parts.entries()) {
      const reply = replies[i];
      if (command !== undefined && reply !== undefined) byCommand[command]?.push(reply);
    }
    return byCommand.flatMap((said) => decisive(said) ?? []);
  }
}

const isTemporary = ({ code }: Reply): boolean => code >= 400 && code < 500;

function decisive(replies: readonly Reply[]): Reply | undefined {
  return replies.find(isTemporary) ?? replies.find(({ code }) => code < 300) ?? replies[0];
}
