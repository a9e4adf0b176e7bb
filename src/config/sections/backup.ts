/** Where backups go that go into a bucket. */
import { secret, string } from '../option.ts';

export const BACKUP = {
  s3Endpoint: string({
    default: '',
    pattern: /^(?:https?:\/\/[a-z0-9.:[\]-]{1,255})?$/i,
    expected: 'a URL such as "https://s3.example.com"',
    doc: 'The server of the buckets that `brevduva backup s3://BUCKET/PREFIX` speaks to; the bucket is a part of the path. Empty: what `AWS_ENDPOINT_URL` says in the environment, else that of Amazon in the region.',
  }),
  s3Region: string({
    default: '',
    pattern: /^[a-z0-9-]{0,64}$/i,
    expected: 'a region such as "eu-north-1"',
    doc: 'The region of the bucket, by which requests are signed. Empty: what `AWS_REGION` says in the environment, else "us-east-1", which servers of other makers mostly want.',
  }),
  s3AccessKey: string({
    default: '',
    pattern: /^[\x21-\x7e]{0,256}$/,
    expected: 'a key without spaces',
    doc: 'The name of the key to the bucket. Empty: what `AWS_ACCESS_KEY_ID` says in the environment, with `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.',
  }),
  s3SecretKey: secret({ doc: 'The secret of the key to the bucket; see `backup.s3_access_key`.' }),
} as const;
