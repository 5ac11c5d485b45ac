import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where the demo works: a copy of the app that may be changed, with a configuration of its own. */
export const WORKSHOP = join(REPOSITORY, '.demo');

/** Name of the demo's environment and of its service. */
export const ENVIRONMENT = 'demo';
export const SERVICE = 'backend';

/** Makes the workshop anew. Nothing of an earlier demo may run in it any more. */
export function makeWorkshop(port: number): void {
  rmSync(WORKSHOP, { recursive: true, force: true });
  mkdirSync(WORKSHOP, { recursive: true });
  cpSync(join(REPOSITORY, 'app/backend'), join(WORKSHOP, 'app/backend'), { recursive: true });
  writeFileSync(join(WORKSHOP, 'morrow.config.ts'), configuration(port));
  // So that `npx morrow` works in it as it does in the repository.
  mkdirSync(join(WORKSHOP, 'node_modules/.bin'), { recursive: true });
  symlinkSync(join(REPOSITORY, 'packages/morrow/bin/morrow.js'), join(WORKSHOP, 'node_modules/.bin/morrow'));
}

/** What a team would write, with bakes of seconds where theirs would be minutes. */
function configuration(port: number): string {
  return `import { defineConfig } from 'morrow';

export default defineConfig({
  project: 'demo',
  services: {
    ${SERVICE}: {
      folder: 'app/backend',
      start: 'node src/main.ts',
      runtime: 'process',
      listen: ${port},
      instances: 2,
      ignore: ['*.test.ts'],
      smoke: ['/ping', '/events'],
      timeouts: { drain: '5s' },
    },
  },
  environments: {
    ${ENVIRONMENT}: { platform: 'local' },
  },
  rollout: {
    steps: [
      { weight: '5%', bake: '6s' },
      { weight: '50%', bake: '6s' },
      { weight: '100%', bake: '2s' },
    ],
    finalBake: '2s',
    analysis: { insufficient: 'promote' },
  },
});
`;
}

/** Replaces one piece of the copied source, as an editor would. */
export function edit(file: string, before: string, after: string): void {
  const path = join(WORKSHOP, 'app/backend', file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(before)) throw new Error(`demo: ${file} no longer holds ${JSON.stringify(before)}`);
  writeFileSync(path, text.replace(before, after));
}

/** A port of this machine's loopback that nobody listens on; 8080 where it is free. */
export async function freePort(): Promise<number> {
  for (const wanted of [8080, 0]) {
    const port = await new Promise<number | null>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(null));
      server.listen(wanted, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
      });
    });
    if (port !== null) return port;
  }
  throw new Error('demo: no free port on 127.0.0.1');
}
