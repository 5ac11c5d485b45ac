import type { ResolvedService } from '../config/resolved.ts';
import type { EnvironmentPaths } from '../paths.ts';
import type { RevisionSpec } from '../platform/platform.ts';
import type { Context } from './context.ts';
import { duration, shortDigest } from './render/format.ts';
import { harmless, truncate } from './render/text.ts';

/** Lines of a build that stay in sight while it runs. */
const SHOWN = 5;

/**
 * Makes the revision of a service, showing the build: its last lines in a terminal, gone when it is done;
 * every line elsewhere. The whole output is kept by the platform.
 */
export async function makeRevision(
  context: Context,
  service: ResolvedService,
  paths: EnvironmentPaths,
): Promise<RevisionSpec> {
  const { out, pieces, signal } = context;
  const begin = performance.now();
  const shown = buildView(context, service.name);
  try {
    const revision = await pieces.makeRevision({
      service,
      stateDir: paths.state,
      onLine: shown.line,
      signal,
    });
    shown.close();
    const took = duration(performance.now() - begin);
    out.say(`${service.name}: revision ${revision.id} (${shortDigest(revision.artifact)}) made in ${took}`);
    return revision;
  } catch (error) {
    shown.close();
    if (signal.aborted) {
      out.say('Nothing was shipped.');
      throw signal.reason;
    }
    throw error;
  }
}

interface BuildView {
  line(line: string): void;
  close(): void;
}

function buildView({ out }: Context, service: string): BuildView {
  const { style } = out.errorLook;
  if (!out.live) {
    return {
      line: (line) => out.say(style.dim(`  | ${harmless(line)}`)),
      close() {},
    };
  }
  let lines: string[] = [];
  let drawn = 0;
  const draw = (): void => {
    const { columns, signs } = out.errorLook;
    const body = lines.map((line) => style.dim(`  | ${truncate(line, columns - 4, signs)}`));
    const head = truncate(`${service}: building …`, columns, signs);
    const picture = [head, ...body];
    out.draw(`${erase(drawn)}${picture.map((line) => `${line}\n`).join('')}`);
    drawn = picture.length;
  };
  return {
    line(line) {
      lines = [...lines, harmless(line)].slice(-SHOWN);
      draw();
    },
    close() {
      out.draw(erase(drawn));
      drawn = 0;
    },
  };
}

const erase = (lines: number): string => (lines > 0 ? `\u001b[${lines}A\r\u001b[J` : '');
