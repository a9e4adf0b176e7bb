import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type Colour,
  contrast,
  ENOUGH,
  laidOn,
  readable,
  readColour,
  turned,
  writeColour,
} from './dark-colours.ts';
import { darkPlan, type Painted } from './dark-plan.ts';

const colour = (text: string): Colour => readColour(text) ?? assert.fail(text);
const WHITE = colour('rgb(255, 255, 255)');
const BLACK = colour('rgb(0, 0, 0)');
const NONE = colour('rgba(0, 0, 0, 0)');
const SHEET = colour('rgb(27, 31, 35)');
const anyColour = fc.record({
  ...{ r: fc.nat(255), g: fc.nat(255), b: fc.nat(255) },
  alpha: fc.constantFrom(0, 0.25, 0.5, 1, 1, 1),
});

describe('colours', () => {
  test('are read and written as browsers compute them', () => {
    for (const text of ['rgb(1, 2, 3)', 'rgba(1, 2, 3, 0.5)', 'rgba(0, 0, 0, 0)'])
      assert.equal(writeColour(colour(text)), text);
    for (const text of ['color(display-p3 1 0 0)', 'red', '', 'rgb(1 2 3)'])
      assert.equal(readColour(text), undefined);
  });

  test('white and black change places, hues stay', () => {
    assert.ok(contrast(turned(WHITE), SHEET) < 1.2);
    assert.ok(contrast(turned(BLACK), SHEET) > 12);
    const red = turned(colour('rgb(180, 20, 20)'));
    assert.ok(red.r > red.g + 40 && red.r > red.b + 40);
  });

  test('any text can be made readable on any ground', () => {
    const opaque = anyColour.map((one) => ({ ...one, alpha: 1 }));
    fc.assert(
      fc.property(anyColour, opaque, (text, ground) => {
        assert.ok(contrast(laidOn(readable(text, ground), ground), ground) >= ENOUGH - 0.05);
      }),
      { numRuns: 2000 },
    );
    const already = colour('rgb(200, 210, 220)');
    assert.equal(readable(already, SHEET), already);
  });
});

const element = (rest: Partial<Painted>): Painted => ({
  ...{ parent: -1, text: BLACK, ground: NONE, edge: undefined, hasWords: true, hasPicture: false, ...rest },
});

describe('a plan', () => {
  test('writes what differs from what is inherited, and nothing else', () => {
    const plan = darkPlan(
      [
        element({ hasWords: false }),
        element({ parent: 0 }),
        element({ parent: 0, ground: colour('rgb(240, 240, 200)') }),
        element({ parent: 2 }),
        element({ parent: 0, text: colour('rgb(0, 0, 238)') }),
      ],
      SHEET,
    );
    assert.deepEqual(
      plan?.map(({ index, text, ground }) => [index, text !== undefined, ground !== undefined]),
      [
        [0, true, false],
        [2, false, true],
        [4, true, false],
      ],
    );
  });

  test('gives up where words lie on a picture, and not where they have a ground of their own on it', () => {
    const hero = element({ parent: 0, hasPicture: true, hasWords: false });
    assert.equal(darkPlan([element({}), hero, element({ parent: 1 })], SHEET), undefined);
    assert.ok(darkPlan([element({}), hero, element({ parent: 1, ground: WHITE })], SHEET));
    assert.ok(darkPlan([element({}), hero, element({ parent: 1, hasWords: false })], SHEET));
  });

  test('leaves no text that cannot be read, whatever a mail has chosen', () => {
    const painted = fc.record({ text: anyColour, ground: anyColour, up: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(painted, { minLength: 1, maxLength: 12 }), (rows) => {
        const elements = rows.map(({ text, ground, up }, i) =>
          element({ text, ground, parent: i === 0 ? -1 : Math.max(0, i - 1 - up) }),
        );
        const plan = darkPlan(elements, SHEET) ?? [];
        const texts: Colour[] = [];
        const grounds: Colour[] = [];
        for (const [i, { parent }] of elements.entries()) {
          const mine = plan.find(({ index }) => index === i);
          const behind = grounds[parent] ?? SHEET;
          grounds[i] = mine?.ground === undefined ? behind : laidOn(mine.ground, behind);
          texts[i] = mine?.text ?? texts[parent] ?? assert.fail('no text');
          if (plan.length > 0) assert.ok(contrast(laidOn(texts[i], grounds[i]), grounds[i]) >= ENOUGH - 0.05);
        }
      }),
      { numRuns: 300 },
    );
  });
});
