/** XML as it is written here: text is escaped in one place, and elements close. */

export function element(
  name: string,
  content: string | readonly string[],
  attributes: Readonly<Record<string, string>> = {},
): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  const inside = typeof content === 'string' ? escapeXml(content) : `\n${indent(content.join('\n'))}\n`;
  return `<${name}${given.join('')}>${inside}</${name}>`;
}

/** What may not stand in XML 1.0 at all (§2.2) is left out. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
