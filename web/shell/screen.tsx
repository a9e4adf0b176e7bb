/** Which screen fits: sign-in, or the mail of whoever is signed in. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Keeping } from '../keep/keeping.ts';
import { browserParts } from '../sync/stream.ts';
import type { Account, StepShown, WaysIn } from './account.ts';
import { DeskContext, useApp } from './app.ts';
import { AskSecondStep } from './ask-second-step.tsx';
import { Desk } from './desk.ts';
import { browserStorage } from './device.ts';
import { MailScreen } from './mail-screen.tsx';
import { NoticeLine } from './notice-line.tsx';
import { INBOX } from './places.ts';
import { SignIn } from './sign-in.tsx';
import { keepingFor } from './whose.ts';

export function Screen() {
  const { account } = useApp();
  const link = useLink();
  const me = useComputed(() =>
    account.now.value.state === 'in' ? account.now.value.session.address : undefined,
  );
  if (link.isTrying) return null;
  if (me.value !== undefined) return <AtDesk key={me.value} me={me.value} />;
  return (
    <>
      {link.ways === undefined ? (
        <SignIn />
      ) : (
        <AskSecondStep ways={link.ways} enter={link.enter} onBack={link.onBack} />
      )}
      <NoticeLine />
    </>
  );
}

function AtDesk({ me }: { readonly me: string }) {
  const { account, notices, texts, worker, carried, preferences } = useApp();
  const desk = useMemo(
    () =>
      new Desk({
        ...{ me, notices, texts, stream: browserParts(), storage: storageFor(account) },
        ...{
          keeping: keepingFor(account.now.peek(), { open: opened, forget: forgetKept }),
          carried: carried.of(me),
          unsent: carried.unsent,
        },
        fetch: (input, init) => fetch(input, init),
        onSignedOut: () => account.ended(),
        onOther: () => void account.look(),
        isCollapsed: () => preferences.choices.peek().conversations,
        onReopen: () => void worker.check(),
      }),
    [],
  );
  const session = useComputed(() => account.now.value.state === 'in' && account.now.value.session);
  useEffect(() => {
    // Who is signed in, for a start without a network.
    if (session.value) void desk.keeping.then((kept) => kept?.keepFact('session', session.peek()));
  }, [session.value]);
  useEffect(() => {
    const look = (): void => {
      const isVisible = document.visibilityState === 'visible';
      if (isVisible) void desk.look();
      else desk.leave();
      worker.seen(isVisible, () => desk.isIdle);
    };
    void desk.start();
    document.addEventListener('visibilitychange', look);
    addEventListener('online', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      removeEventListener('online', look);
      desk.close();
    };
  }, []);
  return (
    <DeskContext.Provider value={desk}>
      <MailScreen />
    </DeskContext.Provider>
  );
}

async function opened(address: string): Promise<Keeping | undefined> {
  const { openKeeping } = await import('../keep/keeping.ts');
  return openKeeping(address);
}

export function forgetKept(): void {
  void import('../keep/database.ts').then(({ forgetAll }) => forgetAll(indexedDB)).catch(() => undefined);
}

function storageFor({ now }: Account): Storage | undefined {
  const { value } = now;
  return value.state === 'in' && value.session.isOwnDevice ? browserStorage() : undefined;
}

/** `/sign-in#<token>`: good once, and not to stay in the address. */
function useLink() {
  const { account, router, texts, notices } = useApp();
  const token = useSignal(location.pathname === '/sign-in' ? location.hash.slice(1) : '');
  const ways = useSignal<WaysIn | undefined>(undefined);
  const forget = (): void => {
    token.value = '';
    ways.value = undefined;
  };
  useEffect(() => {
    if (token.value === '') return;
    const isForPassword = location.search === '?password';
    router.replace(isForPassword ? { at: 'settings', page: 'password' } : INBOX);
    void account.signInByLink(token.peek()).then((outcome) => {
      if (typeof outcome === 'object') {
        ways.value = outcome;
        return;
      }
      if (outcome !== undefined) notices.show({ text: texts.peek().signIn.linkUsed, isWrong: true });
      forget();
    });
  }, []);
  const enter = async (step: StepShown) => {
    const outcome = await account.signInByLink(token.peek(), step);
    if (outcome === undefined) forget();
    return outcome;
  };
  const isTrying = token.value !== '' && ways.value === undefined;
  return { isTrying, ways: ways.value, enter, onBack: forget };
}
