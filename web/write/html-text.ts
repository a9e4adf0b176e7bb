/** HTML as plain text, for the other half of a mail: one line a block, quotations marked, links with their target. */
import { cleanMail } from '../read/clean.ts';

const BLOCKS = /^(?:DIV|P|LI|TR|H[1-6]|UL|OL|TABLE|PRE|HR|BLOCKQUOTE|SECTION|ARTICLE|CENTER)$/;

export function htmlText(html: string): string {
  const mail = cleanMail(html, { follow: ({ target }) => target });
  if (mail.kind !== 'clean') return '';
  return linesOf(mail.body)
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function linesOf(node: Node): string[] {
  const lines = [''];
  const add = (text: string): void => {
    lines[lines.length - 1] += text;
  };
  const end = (): void => {
    if (lines.at(-1) !== '') lines.push('');
  };
  for (const child of node.childNodes) {
    if (child.nodeType === 3) add((child.nodeValue ?? '').replace(/[\s\u00a0]+/g, ' '));
    if (child.nodeType !== 1 || child.nodeName === 'STYLE') continue;
    const element = child as Element;
    if (element.tagName === 'BR') lines.push('');
    else if (element.tagName === 'A') add(linkText(element));
    else if (BLOCKS.test(element.tagName)) {
      end();
      lines.splice(-1, 1, ...blockLines(element), '');
    } else {
      const [first = '', ...rest] = linesOf(element);
      add(first);
      lines.push(...rest);
    }
  }
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function blockLines(element: Element): string[] {
  if (element.tagName === 'HR') return ['----------'];
  const lines = linesOf(element).map((line) => line.trimEnd());
  if (element.tagName === 'BLOCKQUOTE')
    return lines.map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`));
  if (element.tagName === 'LI')
    return lines.map((line, i) => (i === 0 ? `* ${line.trimStart()}` : `  ${line}`));
  if (element.tagName === 'P') return [...lines, ''];
  return lines.length === 0 ? [''] : lines;
}

function linkText(element: Element): string {
  const text = (element.textContent ?? '').replace(/\s+/g, ' ');
  const target = element.getAttribute('href') ?? '';
  const isShown =
    target === '' || text.includes(target.replace(/^(?:https?:\/\/|mailto:)/, '').replace(/\/$/, ''));
  return isShown ? text : `${text} <${target}>`;
}
