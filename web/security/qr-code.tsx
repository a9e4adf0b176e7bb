/** A QR code that the server has drawn; dark on light in every scheme: cameras want it so. */
export interface Qr {
  /** Squares on each side. */
  readonly size: number;
  /** The `d` of an SVG path. */
  readonly path: string;
}

export function QrCode({ qr: { size, path }, name }: { readonly qr: Qr; readonly name: string }) {
  return (
    <svg class="qr-code" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={name}>
      <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
      <path fill="#000" d={path} />
    </svg>
  );
}
