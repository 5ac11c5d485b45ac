/** Fitting text into lines of a terminal: widths are in cells, so that wide characters count as two. */
import truncatedWidth from 'fast-string-truncated-width';
import type { Signs } from './style.ts';

/** Cells that a text without tabs or control characters takes; escape codes take none. */
export const widthOf = (text: string): number => truncatedWidth(text).width;

/** The beginning of a text (without escape codes) that fits into `columns`, with an ellipsis where something is left out. */
export function truncate(text: string, columns: number, signs: Signs): string {
  if (widthOf(text) <= columns) return text;
  const room = Math.max(0, columns - widthOf(signs.ellipsis));
  return text.slice(0, indexAt(text, room)) + (columns >= widthOf(signs.ellipsis) ? signs.ellipsis : '');
}

/** A text with spaces behind it up to `columns`; a longer one stays as it is. */
export const padEnd = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - widthOf(text)));

/** A text with spaces before it up to `columns`; a longer one stays as it is. */
export const padStart = (text: string, columns: number): string =>
  ' '.repeat(Math.max(0, columns - widthOf(text))) + text;

/** Words in lines of at most `columns` cells; a longer word is cut into pieces. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= columns) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = cut(word, columns);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? '';
  }
  if (line !== '') lines.push(line);
  return lines;
}

function cut(word: string, columns: number): string[] {
  const pieces: string[] = [];
  let rest = word;
  while (widthOf(rest) > columns) {
    const index = Math.max(1, indexAt(rest, columns));
    pieces.push(rest.slice(0, index));
    rest = rest.slice(index);
  }
  return [...pieces, rest];
}

/** Where the longest beginning that fits into `columns` ends. */
function indexAt(text: string, columns: number): number {
  let { index } = truncatedWidth(text, { limit: columns, ellipsis: '' });
  // The library lets a character that is two cells wide stand out by one.
  while (index > 0 && widthOf(text.slice(0, index)) > columns) index -= 1;
  return index;
}

const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;
const CONTROLS = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * One line of somebody else's text (a service's log, an answer) made harmless to a terminal:
 * no escape codes, no control characters, tabs as spaces.
 */
export const harmless = (text: string): string =>
  text.replace(ESCAPES, '').replaceAll('\t', '  ').replace(CONTROLS, '');
