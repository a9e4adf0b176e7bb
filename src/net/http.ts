/**
 * Node's HTTP, without what an `import` of it brings along: that looks at every name there is, and behind some of them an
 * HTTP client is loaded that nobody here uses. It took 40 ms of processor time of every start, of the command line too.
 */
const http = process.getBuiltinModule('node:http');

export const { Agent, createServer, request, STATUS_CODES } = http;
