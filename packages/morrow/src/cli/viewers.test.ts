import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { NOON, promotedView, rolloutView } from '../testing/rollout-views.ts';
import { Output } from './output.ts';
import { viewerFor } from './viewers.ts';

/** A terminal of so many columns that remembers what was written to it. */
class Terminal extends EventEmitter {
  readonly isTTY: boolean;
  columns: number;
  rows = 30;
  written = '';

  constructor(columns: number, isTTY = true) {
    super();
    this.columns = columns;
    this.isTTY = isTTY;
  }

  write(text: string): boolean {
    this.written += text;
    return true;
  }

  /** The screen as a person sees it: cursor up, erase to the end of line and screen, newlines; nothing else is known. */
  get screen(): string[] {
    const lines: string[] = [''];
    let row = 0;
    for (const [part] of this.written.matchAll(
      /\u001b\[(?:\?25[hl]|\d*[A-Za-z]|\d+m)|\r|\n|[^\u001b\r\n]+/g,
    )) {
      const up = /^\u001b\[(\d+)A$/.exec(part);
      if (up) row -= Number(up[1]);
      else if (part === '\u001b[J') lines.splice(row, lines.length, '');
      else if (part === '\n') row += 1;
      else if (!part.startsWith('\u001b') && part !== '\r') lines[row] = part;
      if (row < 0) throw new Error('the cursor left the screen');
      lines[row] ??= '';
    }
    return lines;
  }
}

function outputTo(terminal: Terminal, env: NodeJS.ProcessEnv = {}): Output {
  const stream = terminal as unknown as NodeJS.WriteStream;
  return new Output({ stdout: stream, stderr: stream, env: { NO_COLOR: '1', ...env }, json: false });
}

describe('in a terminal', () => {
  test('the picture is redrawn in place: the old one is gone, what stood above stays', () => {
    const terminal = new Terminal(80);
    terminal.write('above\n');
    const viewer = viewerFor(outputTo(terminal), 'Ctrl-C leaves.');
    viewer.show(rolloutView({ waitingFor: 'first' }));
    viewer.show(rolloutView({ waitingFor: 'second' }));
    viewer.notice('The agent does not answer.');
    expect(terminal.screen).toContain('  The agent does not answer.');
    viewer.notice('');
    viewer.show(promotedView());
    viewer.close();
    viewer.close();
    const screen = terminal.screen;
    expect(screen[0]).toBe('above');
    expect(screen.join('\n')).not.toMatch(/first|second|agent|Ctrl-C/);
    expect(screen.filter((line) => line === '  promoted')).toHaveLength(1);
  });

  test('the cursor is hidden while it is redrawn, and shown again at the end', () => {
    const terminal = new Terminal(80);
    const viewer = viewerFor(outputTo(terminal), '');
    viewer.show(rolloutView());
    expect(terminal.written.startsWith('\u001b[?25l')).toBe(true);
    viewer.close();
    expect(terminal.written.endsWith('\u001b[?25h')).toBe(true);
    expect(process.listenerCount('exit')).toBeLessThan(10);
  });

  test('no picture is higher than the terminal, so that it can be drawn over', () => {
    const terminal = new Terminal(30);
    terminal.rows = 5;
    const viewer = viewerFor(outputTo(terminal), '');
    for (let times = 0; times < 3; times += 1) viewer.show(rolloutView());
    viewer.close();
    expect(terminal.screen.filter((line) => line !== '')).toHaveLength(4);
  });

  test('after a change of size a new picture begins', () => {
    const terminal = new Terminal(80);
    const viewer = viewerFor(outputTo(terminal), '');
    viewer.show(rolloutView());
    terminal.columns = 40;
    terminal.emit('resize');
    viewer.close();
    expect(terminal.screen.filter((line) => line.startsWith('backend'))).toHaveLength(2);
    expect(terminal.listenerCount('resize')).toBe(0);
  });
});

describe('elsewhere', () => {
  test.each([
    ['a pipe', false, {}],
    ['a dumb terminal', true, { TERM: 'dumb' }],
    ['CI', true, { CI: 'true' }],
  ])('in %s there are only lines', (_name, isTTY, env) => {
    const terminal = new Terminal(80, isTTY);
    const viewer = viewerFor(outputTo(terminal, { NO_COLOR: '', ...env }), 'Ctrl-C leaves.');
    viewer.show(rolloutView());
    viewer.show(rolloutView({ nowMs: NOON + 13_000 }));
    viewer.close();
    expect(terminal.written).not.toContain('\u001b');
    expect(terminal.written.trimEnd().split('\n')).toHaveLength(3);
  });

  test('the numbers are told from time to time', () => {
    const terminal = new Terminal(80, false);
    const viewer = viewerFor(outputTo(terminal), '');
    for (let second = 0; second <= 40; second += 1) viewer.show(rolloutView({ nowMs: NOON + second * 1000 }));
    viewer.close();
    expect(terminal.written.match(/candidate 620 requests/g)).toHaveLength(2);
  });
});
