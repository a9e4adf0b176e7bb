/**
 * A delivering server as a process of its own, to be killed: `node lmtp-process.ts DATA` prints its port.
 */
import { silentLog } from '../../src/base/log.ts';
import { LmtpServer } from '../../src/lmtp/server.ts';
import { ConnectionLimits } from '../../src/net/connection-limits.ts';
import { openTestDomain } from './domain.ts';

const data = process.argv[2];
if (data === undefined) throw new Error('which data folder?');
const { domain } = await openTestDomain({ data });
const lmtp = await LmtpServer.open({
  domain,
  host: '127.0.0.1',
  port: 0,
  hostname: 'mail.example.com',
  defaultDomain: 'example.com',
  maxMessageBytes: domain.limits.messageBytes,
  overQuota: 'tempfail',
  limits: new ConnectionLimits({ total: 100, perAddress: 100 }),
  log: silentLog,
});
console.log(lmtp.port);
