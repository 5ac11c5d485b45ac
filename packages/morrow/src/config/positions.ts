import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Path } from './schema/walk.ts';

/**
 * Tells where the parts of a YAML or JSON text stand.
 * @returns line of a path, counted from 1: that of its key, or of the last key on the way to it that is there
 */
export function positionsOf(text: string): (path: Path) => number | null {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, logLevel: 'silent' });
  return (path) => {
    let here: unknown = document.contents;
    let offset: number | null = null;
    for (const part of path) {
      const next = inside(isAlias(here) ? here.resolve(document) : here, part);
      if (next === null) break;
      offset = next.offset ?? offset;
      here = next.value;
    }
    return offset === null ? null : lines.linePos(offset).line;
  };
}

function inside(node: unknown, part: string | number): { value: unknown; offset: number | null } | null {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(part));
    return pair === undefined ? null : { value: pair.value, offset: offsetOf(pair.key) };
  }
  if (isSeq(node) && typeof part === 'number' && part < node.items.length) {
    return { value: node.items[part], offset: offsetOf(node.items[part]) };
  }
  return null;
}

function offsetOf(node: unknown): number | null {
  return (node as Node | null)?.range?.[0] ?? null;
}

/** How many characters on either side of a wrong one V8 shows. */
const CONTEXT = 10;

/**
 * Where and why JSON is malformed, from what V8 says of it: it tells the position of some mistakes, of others only
 * what stands around it, and that only of a long text.
 */
export function jsonTrouble(text: string, message: string): { line: number; words: string } {
  const words = message.replace(/ in JSON at position.*$/s, '').replace(/, (\.\.\.)?".*$/s, '');
  const told = /\(line (\d+) column/.exec(message)?.[1];
  if (told !== undefined) return { line: Number(told), words };
  const long = `${text}${' '.repeat(100)}`;
  const [, cut, around] = /, (\.\.\.)?"(.*)"(?:\.\.\.)? is not valid JSON$/s.exec(complaint(long)) ?? [];
  if (around === undefined) return { line: lineAt(text, text.length), words };
  const offset = cut === undefined ? around.length - CONTEXT : long.indexOf(around) + CONTEXT;
  return { line: lineAt(text, offset), words };
}

function complaint(text: string): string {
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
