import { envName, listOptions, type NamedOption } from './names.ts';
import type { OptionTree } from './option.ts';

/**
 * The two texts made from the declarations: the reference page and a sample file in which every option stands with its
 * default, commented out. `npm test` fails when the committed ones differ.
 */
const INTRODUCTION = `# Configuration

<!-- Generated from src/config/options.ts by \`node tools/config-docs.ts --write\`. Do not edit. -->

Brevduva needs no configuration to start. To change something, write a \`brevduva.toml\`; [brevduva.toml](brevduva.toml)
shows every option with its default. Every command reads the file that \`--config\` or \`BREVDUVA_CONFIG\` names, else
\`brevduva.toml\` in the working folder, else \`/etc/brevduva/brevduva.toml\`, and says which one it was.
\`brevduva config check\` finds what is wrong, \`brevduva config print\` shows what is in use.

- Every option can also be set in the environment (\`BREVDUVA_\` and its name in capitals, dots as underscores) and on the
  command line (\`--set listen.imap=127.0.0.1:143\`). The command line beats the environment, which beats the file.
- Relative paths start at the folder of the file that names them, or at the working directory.
- Durations are written \`250ms\`, \`30s\`, \`5m\`, \`12h\`, \`7d\`; sizes \`64KiB\`, \`10GiB\`, \`5MB\`, or a number of bytes.
- Unknown names and impossible values are errors; all of them are reported at once and the server does not start.
- SIGHUP has the running server read it again: options that say so are taken up by the connections that begin
  afterwards, the others at the next start. Certificates are read again when their files change.
- Limits of the grammar are fixed and need no option: 32 levels and 1,000 keys in a SEARCH, 10,000 ranges in a set of
  messages, 32 levels and 1,000 octets in the name of a mailbox, 100 flags in one list.
`;

export function renderReference(tree: OptionTree, reloaded: ReadonlySet<string>): string {
  const groups = groupsOf(tree).map(([group, options]) => {
    const head = group === '' ? '' : `\n## ${group}\n`;
    return head + options.map((one) => renderOption(one, reloaded)).join('');
  });
  return `${INTRODUCTION}${groups.join('')}`;
}

export function renderSample(tree: OptionTree): string {
  const groups = groupsOf(tree).map(([group, options]) => {
    const head = group === '' ? '' : `\n[${group}]\n`;
    return head + options.map(renderSampleLine).join('');
  });
  return `# Brevduva. Every option with its default; remove the # in front to change one.\n${groups.join('')}`;
}

function groupsOf(tree: OptionTree): [string, NamedOption[]][] {
  const groups = Map.groupBy(listOptions(tree), ({ name }) =>
    name.slice(0, Math.max(0, name.lastIndexOf('.'))),
  );
  return [...groups];
}

function renderOption({ name, option }: NamedOption, reloaded: ReadonlySet<string>): string {
  const shown = option.shown === undefined ? 'none' : `\`${option.shown}\``;
  const lead = `Default ${shown}. Expects ${option.expected}. Environment \`${envName(name)}\`.${reloaded.has(name) ? ' Taken up on SIGHUP.' : ''}`;
  return `\n### \`${name}\`\n\n${option.doc}\n\n${lead}\n`;
}

function renderSampleLine({ name, option }: NamedOption): string {
  const key = name.slice(name.lastIndexOf('.') + 1);
  const comment = wrap(option.doc, 108).map((line) => `# ${line}\n`);
  return `\n${comment.join('')}#${key} = ${option.shown ?? '""'}\n`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
