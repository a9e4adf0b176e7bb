/** Lines of a zone file (RFC 1035 §5.1), as the server prints them, into records for the tests' DNS server. */
import type { Answer } from 'dns-packet';
import { record } from './dns.ts';

const LINE = /^(\S+?)\.?\s+IN\s+(\S+)\s+(.*?)\s*$/;

/** Other lines are left out. */
export function readZone(text: string): Answer[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', type = '', value = ''] = LINE.exec(line.replace(/\s;[^"]*$/, '')) ?? [];
    return name === '' ? [] : [record(name, type, dataOf(type, value))];
  });
}

function dataOf(type: string, value: string): unknown {
  if (type === 'TXT') return Array.from(value.matchAll(/"([^"]*)"/g), ([, text = '']) => text);
  const words = value.split(/\s+/).map((word) => word.replace(/\.$/, ''));
  const [first = '', second = '', third = '', fourth = ''] = words;
  switch (type) {
    case 'MX':
      return { preference: Number(first), exchange: second };
    case 'SRV':
      return { priority: Number(first), weight: Number(second), port: Number(third), target: fourth };
    case 'CAA':
      return { flags: Number(first), tag: second, value: /"([^"]*)"/.exec(value)?.[1] ?? third };
    case 'TLSA':
      return {
        ...{ usage: Number(first), selector: Number(second), matchingType: Number(third) },
        certificate: Buffer.from(fourth, 'hex'),
      };
    default:
      return first;
  }
}
