/** The two ways to show a rollout that is followed: redrawn in place, or a line per change. */
import type { RolloutView } from '../server/api.ts';
import type { Viewer } from './follow.ts';
import type { Output } from './output.ts';
import { changeLines, measuredLine } from './render/rollout-lines.ts';
import { renderLive } from './render/rollout-live.ts';

/** Between two redraws where nothing has changed but the clocks, ms. */
const REDRAW_MS = 500;
/** Between two lines of measurements where nothing else has changed, ms. */
const MEASURED_MS = 15_000;

/** The viewer that fits where stderr goes. */
export const viewerFor = (out: Output, footer: string): Viewer =>
  out.live ? liveViewer(out, footer) : lineViewer(out);

/** One line per change, no escape codes. */
function lineViewer(out: Output): Viewer {
  let last: RolloutView | null = null;
  let lastLineMs = 0;
  return {
    show(view) {
      const lines = changeLines(last, view);
      if (lines.length === 0 && view.nowMs - lastLineMs >= MEASURED_MS) {
        const measured = measuredLine(view);
        if (measured) lines.push(measured);
      }
      if (lines.length > 0) lastLineMs = view.nowMs;
      last = view;
      out.say(...lines);
    },
    notice(text) {
      out.say(text === '' ? 'The agent answers again.' : text);
    },
    close() {},
  };
}

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_BELOW = '\u001b[J';

/** Redrawn in place. The last picture stays when it is closed. */
function liveViewer(out: Output, footer: string): Viewer {
  let view: RolloutView | null = null;
  let seenAtMs = 0;
  let notice = '';
  let drawn = 0;
  let closed = false;

  const draw = (lastTime: boolean): void => {
    if (view === null) return;
    const sinceViewMs = view.outcome ? 0 : Date.now() - seenAtMs;
    const extras = { sinceViewMs, notice, footer: lastTime ? '' : footer };
    const lines = renderLive(view, extras, out.errorLook).slice(0, Math.max(1, out.rows - 1));
    // Up to where the picture begins, then line by line over the old one: clearing first would flicker.
    const up = drawn > 0 ? `\u001b[${drawn}A\r` : HIDE_CURSOR;
    out.draw(up + lines.map((line) => `${line}\u001b[K\n`).join('') + CLEAR_BELOW);
    drawn = lines.length;
  };
  const redraw = (): void => draw(false);
  const timer = setInterval(redraw, REDRAW_MS);
  // A narrower terminal has wrapped the old picture, so that its height is unknown: begin a new one below.
  const unresize = out.onResize(() => {
    drawn = 0;
    redraw();
  });
  const restoreCursor = (): void => out.draw(SHOW_CURSOR);
  process.once('exit', restoreCursor);

  return {
    show(next) {
      view = next;
      seenAtMs = Date.now();
      redraw();
    },
    notice(text) {
      notice = text;
      redraw();
    },
    close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      unresize();
      draw(true);
      process.off('exit', restoreCursor);
      if (drawn > 0) restoreCursor();
    },
  };
}
