import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type UploadParts, Uploads } from './uploads.ts';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const file = (size = 3): File => new File(['x'.repeat(size)], 'a.txt', { type: 'text/plain' });

function uploading(post: UploadParts['post']) {
  const done: string[] = [];
  const uploads = new Uploads({ url: '/upload', maxSize: 10, post });
  return { uploads, done, add: (one = file()) => uploads.add(one, ({ blobId }) => done.push(blobId)) };
}
const fine = { status: 201, body: '{"blobId":"u1","type":"x/y","size":3}' };

test('a file that has come is a blob, and no upload any more', async () => {
  const { uploads, done, add } = uploading(async (_, __, { onProgress }) => {
    onProgress(0.5);
    return fine;
  });
  add();
  assert.equal(uploads.running.value.length, 1);
  assert.equal(uploads.running.value[0]?.progress.value, 0.5);
  await tick();
  assert.deepEqual([done, uploads.running.value.length], [['u1'], 0]);
});

test('one that is too large is not sent at all', () => {
  const { uploads, add } = uploading(() => assert.fail('sent'));
  add(file(11));
  assert.equal(uploads.running.value[0]?.state.value, 'tooLarge');
});

test('one that failed can be begun again, and one that is stopped is gone', async () => {
  let status = 500;
  const { uploads, done, add } = uploading(async () => ({ ...fine, status }));
  add();
  await tick();
  assert.equal(uploads.running.value[0]?.state.value, 'failed');
  status = 413;
  uploads.running.value[0]?.again();
  await tick();
  assert.equal(uploads.running.value[0]?.state.value, 'full');
  status = 201;
  uploads.running.value[0]?.again();
  await tick();
  assert.deepEqual(done, ['u1']);
  const endless = uploading(() => new Promise(() => {}));
  endless.add();
  endless.uploads.running.value[0]?.stop();
  assert.equal(endless.uploads.running.value.length, 0);
});
