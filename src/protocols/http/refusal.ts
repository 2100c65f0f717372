/** Why a message cannot be understood in exactly one way, or is beyond a limit. Codes are stable; texts are for people. */

export const REFUSALS = {
  'bad-request-line': { status: 400, text: 'The request line is not METHOD SP TARGET SP HTTP/1.1.' },
  'bad-target': { status: 400, text: 'The request target is none that this method can have.' },
  'bad-version': { status: 505, text: 'Only HTTP/1.1 and HTTP/1.0 are spoken here.' },
  'bad-line-end': { status: 400, text: 'A line of the head does not end in CR LF.' },
  'bad-field-name': { status: 400, text: 'A header field name holds something else than a token.' },
  'space-before-colon': {
    status: 400,
    text: 'White space stands between a header field name and its colon.',
  },
  'folded-line': { status: 400, text: 'A header line begins with white space (obsolete line folding).' },
  'bad-field-value': { status: 400, text: 'A header field value holds a control character.' },
  'no-host': { status: 400, text: 'The Host header field is missing.' },
  'several-hosts': { status: 400, text: 'The Host header field is there more than once.' },
  'bad-host': { status: 400, text: 'The Host header field is not a host with an optional port.' },
  'bad-content-length': { status: 400, text: 'Content-Length is not a plain decimal number.' },
  'several-content-lengths': { status: 400, text: 'There are several Content-Lengths, and they differ.' },
  'length-and-encoding': { status: 400, text: 'Content-Length and Transfer-Encoding exclude each other.' },
  'chunked-not-last': { status: 400, text: 'Transfer-Encoding does not end in exactly one chunked.' },
  'encoding-in-http10': { status: 400, text: 'HTTP/1.0 has no Transfer-Encoding.' },
  'unsupported-encoding': { status: 501, text: 'Of the transfer codings, only chunked is supported.' },
  'method-refused': { status: 405, text: 'CONNECT and TRACE are not served here.' },
  'line-too-long': { status: 414, text: 'The request line is too long.' },
  'head-too-large': { status: 431, text: 'The head is too large.' },
  'too-many-fields': { status: 431, text: 'There are too many header fields.' },
  'body-too-large': { status: 413, text: 'The body is larger than this route takes.' },
  'bad-chunk-size': { status: 400, text: 'A chunk size is not a hexadecimal number in bounds.' },
  'bad-chunk-extension': { status: 400, text: 'A chunk extension is malformed or too long.' },
  'bad-chunk-end': { status: 400, text: 'A chunk is not followed by CR LF.' },
  'bad-trailer': { status: 400, text: 'The trailer section is malformed or too large.' },
  'bad-status-line': { status: 502, text: 'The status line is malformed.' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly text: string }>>

export type RefusalCode = keyof typeof REFUSALS

/** What parsers return beside a length. */
export const INCOMPLETE = 0
export const REFUSED = -1
