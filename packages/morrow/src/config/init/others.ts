/** Servers in Go, commands of a Procfile, and folders of files that are served as they are. */
import { dockerfileOf } from './docker.ts';
import type { Detector } from './facts.ts';

export const detectGo: Detector = (facts) => {
  if (!facts.files.includes('go.mod')) return null;
  const main = facts.files.find((file) => {
    return (
      /^([^/]+|cmd\/[^/]+(\/[^/]+)?)\.go$/.test(file) && /^package main\b/m.test(facts.texts.get(file) ?? '')
    );
  });
  if (main === undefined) return null;
  const folder = main.includes('/') ? `./${main.slice(0, main.lastIndexOf('/'))}` : '.';
  return {
    from: 'go.mod',
    build: `go build -o bin/server ${folder}`,
    start: './bin/server',
    port: dockerfileOf(facts)?.port ?? null,
  };
};

export const detectProcfile: Detector = (facts) => {
  const start = /^web:\s*(.+)$/m.exec(facts.texts.get('Procfile') ?? '')?.[1]?.trim();
  if (start === undefined) return null;
  return { from: 'Procfile', start, port: null, listensOnPort: start.includes('PORT') };
};

/** Where builders of static pages put what they built. */
const STATIC = ['', 'public/', 'dist/', 'build/', 'site/', '_site/', 'www/', 'html/', 'out/'];

export const detectStatic: Detector = ({ files, has }) => {
  const folder = STATIC.find((prefix) => files.includes(`${prefix}index.html`));
  if (folder === undefined) return null;
  const shown = folder === '' ? '.' : folder.slice(0, -1);
  const server = staticServer(shown, has);
  if (server === null) return null;
  return { from: `${folder}index.html`, start: server, port: null, listensOnPort: true };
};

function staticServer(folder: string, has: (program: string) => boolean): string | null {
  if (has('python3')) return `python3 -m http.server --bind $HOST --directory ${folder} $PORT`;
  if (has('php')) return `php -S $HOST:$PORT -t ${folder}`;
  return has('npx') ? `npx --yes serve --listen tcp://$HOST:$PORT ${folder}` : null;
}
