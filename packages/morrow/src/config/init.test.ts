import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requires } from '../testing/requires.ts';
import { initConfig } from './init.ts';
import { loadConfig } from './load.ts';
import { resolveConfig } from './resolve.ts';
import type { ResolvedService } from './resolved.ts';

let root: string;
let server: ChildProcess | undefined;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'morrow-init-')));
});

afterEach(async () => {
  if (server?.pid !== undefined && server.exitCode === null && server.signalCode === null) {
    process.kill(-server.pid, 'SIGKILL');
    await once(server, 'exit');
  }
  server = undefined;
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** What `morrow init` does, and what `morrow deploy` reads of it. */
async function initialised(): Promise<{ text: string; service: ResolvedService }> {
  const { file, text } = initConfig(root);
  write(file, text);
  const source = await loadConfig(root);
  expect(source.warnings).toEqual([]);
  const [service] = resolveConfig(source, 'development').services;
  if (service === undefined) throw new Error('no service');
  return { text, service };
}

/** Builds and starts the service as a platform does, and asks whether it is healthy. */
async function healthOf({ build, start, folder, health }: ResolvedService): Promise<number> {
  if (build !== null) execFileSync('sh', ['-c', build], { cwd: folder, stdio: 'pipe' });
  const port = await freePort();
  const env = { ...process.env, HOST: '127.0.0.1', PORT: String(port) };
  server = spawn('sh', ['-c', start ?? 'false'], { cwd: folder, env, stdio: 'ignore', detached: true });
  const ended = once(server, 'exit').then(() => {
    throw new Error(`${start} ended`);
  });
  const asked = ask(`http://127.0.0.1:${port}${health.readyPath}`);
  return Promise.race([asked, ended]);
}

async function ask(url: string): Promise<number> {
  for (;;) {
    const answer = await fetch(url).catch(() => null);
    if (answer !== null) return answer.status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

describe('what init writes', () => {
  it('is a configuration that people can read', async () => {
    write('package.json', '{ "name": "shop", "scripts": { "start": "node server.js" } }');
    write('server.js', "require('http').createServer((q, a) => a.end()).listen(process.env.PORT || 3000);");
    const { text } = await initialised();
    expect(text).toBe(`import { defineConfig } from 'morrow';

export default defineConfig({
  services: {
    shop: {
      start: 'node server.js',
      listen: 3000,
      health: '/',
    },
  },
});
`);
  });

  it('starts a server in Node and finds it healthy', async () => {
    write(
      'package.json',
      '{ "name": "shop", "scripts": { "build": "node build.js", "start": "node dist/server.js" } }',
    );
    write('build.js', "require('fs').cpSync('server.js', 'dist/server.js');");
    write(
      'server.js',
      "require('http').createServer((q, a) => a.writeHead(q.url === '/healthz' ? 200 : 404).end()).listen(process.env.PORT);",
    );
    expect(await healthOf((await initialised()).service)).toBe(200);
  });

  it('starts a server in Python and finds it healthy', requires('python3'), async () => {
    write(
      'server.py',
      `import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`,
    );
    expect(await healthOf((await initialised()).service)).toBe(200);
  });

  it('builds and starts a server in Go and finds it healthy', requires('go'), async () => {
    write('go.mod', 'module shop\n\ngo 1.21\n');
    write(
      'cmd/web/main.go',
      `package main

import (
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) })
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
`,
    );
    expect(await healthOf((await initialised()).service)).toBe(204);
  });

  it('serves a folder of pages and finds it healthy', requires('python3'), async () => {
    write('public/index.html', '<p>Hello');
    expect(await healthOf((await initialised()).service)).toBe(200);
  });

  it('starts what a Dockerfile starts, at a port of Morrow’s choice', requires('python3'), async () => {
    write(
      'Dockerfile',
      'FROM python:3-alpine\nCOPY . .\nEXPOSE 8000\nCMD ["python3", "-m", "http.server", "8000"]\n',
    );
    const { service } = await initialised();
    expect(service.listen.port).toBe(8000);
    expect(await healthOf(service)).toBe(200);
  });

  it('quotes what needs it', async () => {
    write('Procfile', "web: sh -c 'echo \"it\\'s\" $PORT'\n");
    expect((await initialised()).service.start).toBe("sh -c 'echo \"it\\'s\" $PORT'");
  });
});

describe('init', () => {
  it('writes nothing itself, and never over a configuration that is there', () => {
    write('morrow.config.yaml', 'services: {}\n');
    write('server.js', '');
    expect(() => initConfig(root)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_EXISTS',
        message: `There is morrow.config.yaml in ${root} already; it stays as it is.`,
      }),
    );
    expect(readdirSync(root).toSorted()).toEqual(['morrow.config.yaml', 'server.js']);
  });

  it('says what it looked for where it finds nothing', () => {
    write('notes.md', '');
    expect(() => initConfig(root)).toThrow(
      expect.objectContaining({
        code: 'START_COMMAND_MISSING',
        hint: expect.stringContaining('package.json'),
      }),
    );
  });

  it('says of an image’s command that only the image has it', () => {
    write('Dockerfile', 'FROM scratch\nCOPY main /main\nENTRYPOINT ["/main"]\n');
    expect(() => initConfig(root)).toThrow(
      expect.objectContaining({
        code: 'START_COMMAND_MISSING',
        message:
          'The Dockerfile starts `/main`, which there is in the image only, and so far Morrow runs processes.',
      }),
    );
  });

  it('says that a folder is not there', () => {
    expect(() => initConfig(join(root, 'nowhere'))).toThrow(
      expect.objectContaining({ code: 'SERVICE_FOLDER_ABSENT' }),
    );
  });
});
