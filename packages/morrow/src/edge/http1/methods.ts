/**
 * Request methods that are passed on: those llhttp knows, without CONNECT (the edge is no forward proxy) and
 * SOURCE (not HTTP). Everything else is answered with 501.
 */
export const METHODS: ReadonlySet<string> = new Set([
  ...[
    'ACL',
    'BIND',
    'CHECKOUT',
    'COPY',
    'DELETE',
    'GET',
    'HEAD',
    'LINK',
    'LOCK',
    'M-SEARCH',
    'MERGE',
    'MKACTIVITY',
  ],
  ...[
    'MKCALENDAR',
    'MKCOL',
    'MOVE',
    'NOTIFY',
    'OPTIONS',
    'PATCH',
    'POST',
    'PROPFIND',
    'PROPPATCH',
    'PURGE',
    'PUT',
  ],
  ...[
    'QUERY',
    'REBIND',
    'REPORT',
    'SEARCH',
    'SUBSCRIBE',
    'TRACE',
    'UNBIND',
    'UNLINK',
    'UNLOCK',
    'UNSUBSCRIBE',
  ],
]);

/** Methods that may be sent twice without doing more than once (RFC 9110, 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** Whether a request of that method may be sent again when nobody knows if it was carried out. */
export const isIdempotent = (method: string): boolean => method === 'GET' || IDEMPOTENT.has(method);
