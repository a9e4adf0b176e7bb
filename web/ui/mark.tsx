/** The mark: a pigeon folded from one sheet. At sign-in, where a place is empty, and nowhere else. `pigeon.svg` is the same as a file. */
const FOLDS = [
  'M21 4 35.5 23.2 15 27.200z',
  'M13.2 29.8 36.2 25.4 27.8 42.500z',
  'M37.6 22.8 36.4 11.6 46 18.5 41.8 19.600z',
  'M11.4 28.3 2 21.6 7 37z',
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
