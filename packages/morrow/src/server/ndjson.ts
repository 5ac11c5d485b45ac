/**
 * Streams items as newline-delimited JSON until they end or the reader goes away.
 * A slow reader is waited for: one item at a time is asked from the source.
 */
export function ndjson(signal: AbortSignal, items: AsyncIterable<unknown>): Response {
  const encoder = new TextEncoder();
  const iterator = items[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true || signal.aborted) controller.close();
      else controller.enqueue(encoder.encode(`${JSON.stringify(next.value)}\n`));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
}
