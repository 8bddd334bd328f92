// Renders avatars by seed into class folders: OUT/SPLIT/STYLE/000000.png
//
//   npm install && node render.mjs OUT --styles adventurer,micah --count 8000 --split train --size 64
//
// The picture of (style, split, number) is always the same. Two seeds can draw the same avatar, so a picture whose
// drawing was already made in this call, or in any split named by --not SPLIT:COUNT, is passed over and the next
// seed taken: splits share no picture.
import fs from 'node:fs';
import path from 'node:path';
import { createAvatar } from '@dicebear/core';
import * as collection from '@dicebear/collection';
import { Resvg } from '@resvg/resvg-js';

const [out, ...flags] = process.argv.slice(2);
const options = { styles: 'adventurer', count: '100', split: 'train', size: '64', not: '' };
for (let i = 0; i < flags.length; i += 2) {
  const name = flags[i].replace(/^--/, '');
  if (!(name in options) || flags[i + 1] === undefined) {
    console.error(`render: unknown or unfinished option ${flags[i]} (known: ${Object.keys(options).join(', ')})`);
    process.exit(2);
  }
  options[name] = flags[i + 1];
}
if (!out) {
  console.error('render: name the folder to write to');
  process.exit(2);
}

const size = Number(options.size);
const draw = (style, split, number) =>
  createAvatar(collection[style], { seed: `${style}/${split}/${number}`, backgroundColor: ['ffffff'] }).toString();

// Yields `count` different drawings of one style and split, none of them in `seen`; adds them to it.
function* drawings(style, split, count, seen) {
  let made = 0;
  for (let number = 0; made < count; number++) {
    if (number > 50 * count + 1000) {
      console.error(`render: ${style} has only ${made} different drawings for ${split}`);
      return;
    }
    const svg = draw(style, split, number);
    if (seen.has(svg)) continue;
    seen.add(svg);
    made++;
    yield svg;
  }
}

for (const style of options.styles.split(',')) {
  if (!(style in collection)) {
    console.error(`render: no style ${style} (known: ${Object.keys(collection).join(', ')})`);
    process.exit(2);
  }
  const seen = new Set();
  for (const other of options.not.split(',').filter(Boolean)) {
    const [split, count] = other.split(':');
    for (const _ of drawings(style, split, Number(count), seen));
  }
  const folder = path.join(out, options.split, style);
  fs.mkdirSync(folder, { recursive: true });
  let n = 0;
  for (const svg of drawings(style, options.split, Number(options.count), seen)) {
    const png = new Resvg(svg, { fitTo: { mode: 'width', value: size } }).render().asPng();
    fs.writeFileSync(path.join(folder, `${String(n++).padStart(6, '0')}.png`), png);
  }
  console.log(`${style}: ${n} pictures in ${folder}`);
}
