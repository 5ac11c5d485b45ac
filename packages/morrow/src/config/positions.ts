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
