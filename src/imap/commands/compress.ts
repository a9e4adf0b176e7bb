/** COMPRESS (RFC 4978 §3): everything behind the answer is deflated, in both directions. */
import { defineCommand, SIGNED_IN } from '../command.ts';
import { no, ok } from '../replies.ts';
import { atom, end, sp } from '../wire/grammar.ts';

export const compressCommand = defineCommand<string, 'authenticated' | 'selected'>({
  name: 'COMPRESS',
  states: SIGNED_IN,
  parse(c) {
    sp(c);
    const mechanism = atom(c).toUpperCase();
    end(c);
    return mechanism;
  },
  async run({ session, tag }, mechanism) {
    if (mechanism !== 'DEFLATE') return no('Only DEFLATE is known');
    if (session.isCompressed) return no('DEFLATE is active already', 'COMPRESSIONACTIVE');
    await session.startCompression(tag);
    return ok('DEFLATE is active');
  },
  answersItself: true,
});
