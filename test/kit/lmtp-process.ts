/**
 * A delivering server as a process of its own, to be killed: `node lmtp-process.ts DATA` prints its port.
 */
import { openTestDomain } from './domain.ts';
import { openTestLmtp } from './lmtp.ts';

const data = process.argv[2];
if (data === undefined) throw new Error('which data folder?');
const { domain } = await openTestDomain({ data });
const lmtp = await openTestLmtp({ domain });
console.log(lmtp.port);
