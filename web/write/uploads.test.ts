import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLICE_BYTES, type UploadParts, Uploads } from './uploads.ts';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const file = (size = 3): File => new File(['x'.repeat(size)], 'a.txt', { type: 'text/plain' });

const PARTS = {
  ...{ url: '/upload', maxSize: 10, onOnline: () => () => {}, room: async () => undefined },
  join: async () => undefined,
};

function uploading(post: UploadParts['post']) {
  const done: string[] = [];
  const uploads = new Uploads({ ...PARTS, post });
  return { uploads, done, add: (one = file()) => uploads.add(one, ({ blobId }) => done.push(blobId)) };
}
const fine = { status: 201, body: '{"blobId":"u1","type":"x/y","size":3}' };

test('a file that has come is a blob, and no upload any more', async () => {
  const { promise, resolve } = Promise.withResolvers<typeof fine>();
  const { uploads, done, add } = uploading((_, __, { onProgress }) => {
    onProgress(0.5);
    return promise;
  });
  add();
  assert.equal(uploads.running.value.length, 1);
  await tick();
  assert.equal(uploads.running.value[0]?.progress.value, 0.5);
  resolve(fine);
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

test('a large file goes in slices, and goes on where it was cut', async () => {
  const sizes: number[] = [];
  let online = (): void => {};
  let isCut = true;
  const done: unknown[] = [];
  const uploads = new Uploads({
    ...{ url: '/upload', maxSize: 50_000_000, room: async () => 90_000_000 },
    onOnline: (run) => {
      online = run;
      return () => {};
    },
    post: async (_, slice, { onProgress }) => {
      onProgress(1);
      if (isCut && sizes.length === 2) throw new TypeError('no network');
      sizes.push(slice.size);
      return { status: 201, body: `{"blobId":"u${sizes.length}","type":"x/y","size":${slice.size}}` };
    },
    join: async (blobIds, type) => ({ blobId: blobIds.join('+'), type, size: 12_000_000 }),
  });
  uploads.add(new File([new Uint8Array(12_000_000)], 'film.mp4', { type: 'video/mp4' }), (one) =>
    done.push(one),
  );
  const [upload] = uploads.running.value;
  while (upload?.state.value === 'running') await tick();
  assert.equal(upload?.state.value, 'failed');
  isCut = false;
  online();
  while (uploads.running.value.length > 0) await tick();
  assert.deepEqual(sizes, [SLICE_BYTES, SLICE_BYTES, 2_000_000], 'none goes twice');
  assert.deepEqual(done, [{ blobId: 'u1+u2+u3', type: 'video/mp4', size: 12_000_000 }]);
});

test('what the account has no room for is not sent', async () => {
  const uploads = new Uploads({ ...PARTS, room: async () => 4, post: () => assert.fail('sent') });
  uploads.add(file(4), () => assert.fail('done'));
  await tick();
  await tick();
  assert.equal(uploads.running.value[0]?.state.value, 'noRoom');
});
