/** What `config check` says, as findings. */
import { fail, ok, warn } from '../finding.ts';
import type { Check } from '../world.ts';

const expected = 'a configuration with which the server starts';

export const configuration: Check = {
  name: 'configuration',
  async run(world) {
    const { errors, warnings } = await world.doubts();
    const remedy = 'change this option; `brevduva config check` says whether that was all';
    const doubts = [
      ...errors.map((text) => fail({ ...split(text), expected, remedy })),
      ...warnings.map((text) => warn({ ...split(text), expected, remedy })),
    ];
    return doubts.length > 0 ? doubts : [ok({ subject: 'options', seen: 'nothing wrong', expected })];
  },
};

/** `listen.lmtp: it is open to others`. */
function split(text: string): { subject: string; seen: string } {
  const [, subject = 'options', seen = text] = /^([\w.]+): (.*)$/s.exec(text) ?? [];
  return { subject, seen };
}
