import { edit } from './workshop.ts';

/** A good change: the list says how many come. */
export function makeGoodChange(): string {
  edit(
    'src/app.ts',
    'return { status: 200, body: { events: events.list() } };',
    `{
        const list = events.list().map((event) => ({ ...event, coming: event.people.length }));
        return { status: 200, body: { events: list } };
      }`,
  );
  return 'src/app.ts: each event in the list says how many people come';
}

/**
 * A bad change: somebody keeps the list for 500 ms "to make it faster", and forgets that it can be gone
 * between being dropped and being asked for. Health and smoke checks are fine with it; some requests fail.
 */
export function makeBadChange(): string {
  edit(
    'src/app.ts',
    'const list = events.list().map(',
    `if (kept !== null && Date.now() - kept.atMs > 500) kept = null;
        else kept ??= { atMs: Date.now(), list: events.list() };
        const list = kept!.list.map(`,
  );
  edit(
    'src/app.ts',
    'class HttpError extends Error {',
    'let kept: { atMs: number; list: ReturnType<Events["list"]> } | null = null;\n\nclass HttpError extends Error {',
  );
  return 'src/app.ts: the list is kept for 500 ms "to make it faster" (and is null just when it was dropped)';
}
