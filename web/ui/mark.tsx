/** The mark: a pigeon folded from one sheet. At sign-in, where a place is empty, and nowhere else. `pigeon.svg` is the same as a file. */
const FOLDS = [
  'M8 8 32 19.5 20 27z',
  'M18.5 28.8 34.5 19 30.5 42z',
  'M36.6 18.6 33.4 36 41.5 22 46.5 20 40.5 14.5z',
  'M16.5 29.5 3 35 24 39z',
];

export function Mark({ size = 48 }: { readonly size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 48 48" aria-hidden="true" focusable="false">
      {FOLDS.map((fold) => (
        <path key={fold} d={fold} fill="currentColor" />
      ))}
    </svg>
  );
}
