/** Which screen fits: sign-in, or the mail of whoever is signed in. */
import { SignIn } from './sign-in.tsx';

export function Screen() {
  return <SignIn />;
}
