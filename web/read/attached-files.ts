/** What came with a mail as files: what each is called, what it is, and whether it could do harm when it is opened. */

export interface FilePart {
  readonly partId: string | null;
  readonly blobId: string | null;
  readonly size: number;
  readonly name: string | null;
  readonly type: string;
  readonly cid: string | null;
  readonly disposition: string | null;
}

export interface AttachedFile {
  readonly blobId: string;
  /** Never empty, without controls and marks that turn text around. Empty in the mail: undefined, and whoever draws has a word for it. */
  readonly name: string | undefined;
  readonly size: number;
  readonly type: string;
  readonly kind: 'picture' | 'pdf' | 'text' | 'sound' | 'film' | 'archive' | 'mail' | 'calendar' | 'other';
  /** Opening it can run what a stranger wrote. */
  readonly isDangerous: boolean;
  /** A browser shows it without running anything of it. */
  readonly canBeShown: boolean;
}

const SHOWN_PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'];
const SHOWN = [...SHOWN_PICTURES, 'text/plain', 'application/pdf'];
/** Programs, scripts, documents with macros, pages, disk images, shortcuts: by the end of the name, which is what a computer goes by. */
const DANGEROUS = new Set(
  [
    'ade adp apk app appinstaller application appref-ms appx appxbundle asp aspx bas bat bin cab cer chm cmd cnt com command',
    'cpl crt csh deb der desktop diagcab dll dmg docm dotm exe fon gadget hlp hpj hta htm html htc img inf ins iso isp jar',
    'jnlp js jse ksh lib library-ms lnk mad maf mag mam maq mar mas mat mau mav maw mcf mda mdb mde mdt mdw mdz mht mhtml msc',
    'msh msi msix msixbundle msp mst nsh ocx one onepkg ops osd pif pkg plg potm ppam ppsm pptm prf prg ps1 ps1xml ps2 psc1',
    'psc2 pst py pyc pyo pyw reg rpm scf scpt scr sct search-ms service settingcontent-ms sh shb shs sldm svg svgz swf sys',
    'theme tmp url vb vbe vbp vbs vhd vhdx vxd webloc website workflow ws wsc wsf wsh xbap xht xhtml xlam xll xlm xlsm xltm',
    'xml xnk xsl',
  ].flatMap((line) => line.split(' ')),
);
const DANGEROUS_TYPES =
  /^(?:text\/(?:html|javascript|xml|x-script.*)|image\/svg\+xml|application\/(?:x-msdownload|x-sh|javascript|xhtml\+xml|x-ms.*|java-archive|hta|x-apple-diskimage|vnd\.microsoft\.portable-executable|x-executable|.*macroenabled.*))/i;
const KINDS: readonly (readonly [RegExp, AttachedFile['kind']])[] = [
  [/^image\//, 'picture'],
  [/^application\/pdf$/, 'pdf'],
  [/^audio\//, 'sound'],
  [/^video\//, 'film'],
  [/^message\//, 'mail'],
  [/^text\/calendar$/, 'calendar'],
  [/^application\/(?:zip|x-7z-compressed|gzip|x-tar|vnd\.rar|x-rar.*)$/, 'archive'],
  [/^text\//, 'text'],
];
const MAX_NAME = 200;

/** `shownIds`: Content-IDs that stand as pictures in the text; they are no files besides. */
export function attachedFiles(parts: readonly FilePart[], shownIds: ReadonlySet<string>): AttachedFile[] {
  return parts
    .filter(({ cid, disposition }) => cid === null || disposition === 'attachment' || !shownIds.has(cid))
    .flatMap((part) => (part.blobId === null ? [] : [attachedFile({ ...part, blobId: part.blobId })]));
}

function attachedFile({ blobId, name, size, type }: FilePart & { readonly blobId: string }): AttachedFile {
  const shown = safeName(name ?? '');
  const lower = type.toLowerCase();
  const isDangerous = DANGEROUS_TYPES.test(lower) || DANGEROUS.has(endingOf(shown));
  const kind = KINDS.find(([pattern]) => pattern.test(lower))?.[1] ?? 'other';
  const canBeShown = SHOWN.includes(lower) && !isDangerous;
  return { blobId, name: shown === '' ? undefined : shown, size, type: lower, kind, isDangerous, canBeShown };
}

export function isShownPicture({ type }: Pick<AttachedFile, 'type'>): boolean {
  return SHOWN_PICTURES.includes(type);
}

/** The part after the last dot; spaces and dots behind it are dropped, as Windows drops them. */
function endingOf(name: string): string {
  const bare = name.replace(/[\s.]+$/, '');
  return bare.includes('.') ? bare.slice(bare.lastIndexOf('.') + 1).toLowerCase() : '';
}

/** Marks that turn text around make `exe.pdf` of `fdp.exe`; slashes make a place of a name. */
export function safeName(name: string): string {
  const bare = name
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '')
    .replace(/[/\\]/g, '_')
    .trim();
  if (bare.length <= MAX_NAME) return bare;
  const ending = endingOf(bare).slice(0, 20);
  return `${bare.slice(0, MAX_NAME - ending.length - 2)}….${ending}`;
}
