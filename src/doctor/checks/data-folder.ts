/** Whose the data folder is, and that nobody else can look into it. */
import { type Outcome, ok, unknown, warn } from '../finding.ts';
import type { Check, DataFolder } from '../world.ts';

const expected = 'a folder that its owner alone can read and change';

export const dataFolder: Check = {
  name: 'data folder',
  async run({ config, machine }) {
    return [judge(config.data, await machine.dataFolder())];
  },
};

export function judge(subject: string, folder: DataFolder | undefined): Outcome {
  if (folder === undefined)
    return unknown({
      subject,
      expected,
      seen: 'not there',
      remedy: 'the first start makes it; or name another with --data or --config',
    });
  const { owner, isSeen, open } = folder;
  if (!isSeen)
    return unknown({
      subject,
      expected,
      seen: `belongs to ${owner.name}`,
      remedy: `run the doctor as ${owner.uid === 0 ? '' : `${owner.name}, or as `}root`,
    });
  if (open === undefined)
    return ok({ subject, expected, seen: `belongs to ${owner.name}, closed to others` });
  const more = open.more === 0 ? '' : ` and ${open.more} more`;
  return warn({
    ...{ subject, expected, seen: `open to others, or theirs: ${open.named.join(', ')}${more}` },
    remedy: open.remedy,
  });
}
