/**
 * A server for mail from the world as a process of its own, to be killed: `node mx-process.ts DATA` prints its port.
 */
import { openTestDomain } from './domain.ts';
import { openTestMx } from './mx.ts';

const data = process.argv[2];
if (data === undefined) throw new Error('which data folder?');
const { domain } = await openTestDomain({ data });
const mx = await openTestMx({ domain });
console.log(mx.port);
