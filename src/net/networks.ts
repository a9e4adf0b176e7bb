/** Sets of addresses, as an administrator writes them down. */
import { BlockList, isIP } from 'node:net';

/** Addresses and networks: `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`. What is none of these is not in it. */
export function networks(list: readonly string[]): BlockList {
  const out = new BlockList();
  for (const entry of list) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0) continue;
    if (bits === undefined) out.addAddress(address, family);
    else out.addSubnet(address, Number(bits), family);
  }
  return out;
}

export function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
