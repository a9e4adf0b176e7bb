/**
 * The picture in the first mail: a carrier pigeon, drawn in characters and written as a PNG (W3C PNG §5) with a palette.
 */
import { crc32, deflateSync } from 'node:zlib';

const SCALE = 8;
const PALETTE: Readonly<Record<string, readonly [number, number, number]>> = {
  ' ': [250, 248, 240],
  '#': [82, 96, 120],
  '+': [130, 146, 172],
  o: [230, 120, 60],
  w: [255, 255, 255],
  x: [190, 60, 60],
};
const PICTURE: readonly string[] = [
  '                    ',
  '            ####    ',
  '           ##w###oo ',
  '           #######  ',
  '          ##+####   ',
  '  ##     ###+++##   ',
  '  ####  ####++++##  ',
  '   ##########+++##  ',
  '    #####++++++##   ',
  '      ###++++###    ',
  '        ######      ',
  '         o  o wwwww ',
  '        oo oo wxwxw ',
  '              wwwww ',
  '                    ',
];

export function pigeonPng(): Buffer {
  const colours = Object.keys(PALETTE);
  const width = (PICTURE[0] as string).length * SCALE;
  const rows = PICTURE.flatMap((line) => {
    const row = Buffer.alloc(width + 1);
    for (let x = 0; x < width; x++) row[x + 1] = colours.indexOf(line.charAt(Math.floor(x / SCALE)));
    return new Array<Buffer>(SCALE).fill(row);
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(rows.length, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(Object.values(PALETTE).flat())),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(content.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}
