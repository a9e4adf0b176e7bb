/** In front of the mail: the mark above a question, and the second question, which few are asked and which is loaded then. */
import type { ComponentChildren } from 'preact';
import { Mark } from '../ui/mark.tsx';
import type { SignInFault, SignInOutcome, StepShown, WaysIn } from './account.ts';
import { useApp, useTexts } from './app.ts';
import { Later } from './later.tsx';

export function AtTheDoor({ children }: { readonly children: ComponentChildren }) {
  const { shell } = useTexts();
  return (
    <main class="sign-in">
      <div class="sign-in-mark">
        <Mark size={72} />
        <h1>{shell.product}</h1>
      </div>
      {children}
    </main>
  );
}

/** What to say of what went wrong; who has failed too often is told until when. */
export function useFaultWords(fault: SignInFault | undefined): string | undefined {
  const { account, formats } = useApp();
  const { signIn } = useTexts();
  const { openAtMs } = account;
  if (fault === 'tooMany' && openAtMs !== undefined)
    return signIn.tooManyUntil(formats.value.clock(openAtMs));
  return fault && signIn[fault];
}

interface AskSecondStepProps {
  readonly ways: WaysIn;
  readonly enter: (step: StepShown) => Promise<SignInOutcome>;
  readonly onBack: () => void;
}

export function AskSecondStep({ ways, enter, onBack }: AskSecondStepProps) {
  const onStep = async (step: StepShown) => {
    const outcome = await enter(step);
    return typeof outcome === 'object' ? 'failed' : outcome;
  };
  return (
    <AtTheDoor>
      <Later
        load={() => import('../security/second-step.tsx')}
        name="SecondStep"
        props={{ ways, onStep, onBack }}
      />
    </AtTheDoor>
  );
}
