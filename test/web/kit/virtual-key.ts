/** A key in Chromium that nobody holds (DevTools, WebAuthn): it signs at once, and says whether it has looked who holds it. */
import type { CDPSession, Page } from 'playwright-core';

export interface VirtualKey {
  /** Whether it looks who holds it, and finds the right one. */
  looks(isRight: boolean): Promise<void>;
  /** How many it keeps. */
  count(): Promise<number>;
  /** What it keeps, put into the key of another page. */
  copyTo(other: VirtualKey): Promise<void>;
  take(credentials: readonly object[]): Promise<void>;
}

export async function virtualKey(page: Page): Promise<VirtualKey> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  });
  const credentials = async () =>
    (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  const key: VirtualKey = {
    looks: async (isRight) => {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: isRight });
    },
    count: async () => (await credentials()).length,
    copyTo: async (other) => other.take(await credentials()),
    take: async (all) => {
      for (const credential of all)
        await session.send('WebAuthn.addCredential', { authenticatorId, credential: credential as never });
    },
  };
  return key;
}
