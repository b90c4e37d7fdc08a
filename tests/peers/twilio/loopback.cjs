// node --require: a program that we did not write listens on this machine alone and calls nobody.
'use strict';
const net = require('net');

const here = (host) => !host || ['127.0.0.1', 'localhost', '::1'].includes(String(host));

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (first, ...rest) {
  const done = rest.find((it) => typeof it === 'function');
  const given = first && typeof first === 'object' ? first : { port: Number(first) };
  return listen.call(this, { ...given, host: '127.0.0.1' }, done);
};

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...given) {
  const first = Array.isArray(given[0]) ? given[0][0] : given[0];
  const host = first && typeof first === 'object' ? first.host : given[1];
  if (typeof host === 'string' && !here(host)) {
    process.stderr.write(`refused to connect to ${host}\n`);
    process.nextTick(() => this.destroy(new Error(`only this machine: ${host}`)));
    return this;
  }
  return connect.apply(this, given);
};
