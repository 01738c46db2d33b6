// A real issuer on loopback. `node issuer.mjs FOLDER`: FOLDER holds its node_modules; it chooses a free port, says
// `ready URL` on stdout, and ends with its stdin, or by a signal; then it forgets everything. Clients register
// themselves (RFC 7591), each test its own.
//
// Beside the issuer, for tests alone:
//   GET  /side/events?client=ID   what happened to this client, oldest first; no secret is in it
//   GET  /side/counts?client=ID   how often: `grant.success refresh_token`, `grant.error invalid_grant`, `grant.revoked`…
//   POST /side/faults             {"client": ID, "faults": ["lose" | MILLISECONDS, ...]}: what becomes of its next replies
//                                 from the token endpoint, after the issuer has acted: lost, or late

import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const library = join(process.argv[2], 'node_modules', 'oidc-provider', 'lib', 'index.js');
const { Provider } = await import(pathToFileURL(library));

const HOUR = 3600;
const on = { enabled: true };
const events = [];
const counts = new Map();
const faults = new Map();

// The library's own store forgets what is old when there is much of it: here a token spent long ago stays spent.
class Store {
  static all = new Map();
  static grants = new Map();

  constructor(model) {
    this.model = model;
  }

  async upsert(id, payload) {
    const key = `${this.model} ${id}`;
    Store.all.set(key, payload);
    if (payload.grantId) {
      if (!Store.grants.has(payload.grantId)) Store.grants.set(payload.grantId, new Set());
      Store.grants.get(payload.grantId).add(key);
    }
  }

  async find(id) {
    return Store.all.get(`${this.model} ${id}`);
  }

  #findBy(field, value) {
    for (const [key, payload] of Store.all) {
      if (key.startsWith(`${this.model} `) && payload[field] === value) return payload;
    }
    return undefined;
  }

  async findByUid(uid) {
    return this.#findBy('uid', uid);
  }

  async findByUserCode(code) {
    return this.#findBy('userCode', code);
  }

  async consume(id) {
    Store.all.get(`${this.model} ${id}`).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    Store.all.delete(`${this.model} ${id}`);
  }

  async revokeByGrantId(grant) {
    for (const key of Store.grants.get(grant) ?? []) {
      if (!key.startsWith('Session ')) Store.all.delete(key);
    }
  }
}

function configuration() {
  return {
    adapter: Store,
    scopes: ['openid', 'offline_access', 'profile', 'email', 'read', 'write'],
    claims: { openid: ['sub'], email: ['email'] },
    cookies: { keys: ['of a test'] },
    pkce: { required: () => true },
    // What a client may ask for itself: how long its access tokens live, and not to have its refresh token rotate.
    extraClientMetadata: { properties: ['access_token_seconds', 'keeps_refresh_token'] },
    rotateRefreshToken: (ctx) => !ctx.oidc.client.keeps_refresh_token,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    ttl: {
      AccessToken: (_ctx, _token, client) => client.access_token_seconds ?? HOUR,
      AuthorizationCode: 60,
      DeviceCode: 600,
      Grant: 24 * HOUR,
      IdToken: 30 * 24 * HOUR, // tests move their clock by days
      Interaction: 600,
      RefreshToken: 24 * HOUR,
      Session: 24 * HOUR,
    },
    features: {
      devInteractions: on,
      deviceFlow: on,
      introspection: on,
      registration: on,
      revocation: on,
    },
    findAccount: async (_ctx, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: `${id}@example.test` }),
    }),
  };
}

function remember(provider) {
  const note = (event, client, more) => {
    const name = [event, more.error ?? more.type].filter(Boolean).join(' ');
    if (!counts.has(client)) counts.set(client, {});
    counts.get(client)[name] = (counts.get(client)[name] ?? 0) + 1;
    events.push({ event, client, ...more });
  };
  const asked = (ctx) => ctx.oidc?.client?.clientId ?? '';
  provider.on('grant.success', (ctx) => {
    note('grant.success', asked(ctx), { grant: ctx.oidc.entities.Grant?.jti, type: ctx.oidc.params.grant_type });
  });
  provider.on('grant.error', (ctx, error) => {
    const type = ctx.oidc?.params?.grant_type;
    note('grant.error', asked(ctx), { type, error: error.error, detail: error.error_detail ?? error.message });
  });
  provider.on('grant.revoked', (ctx, grant) => note('grant.revoked', asked(ctx), { grant }));
  provider.on('refresh_token.consumed', (token) => {
    note('refresh_token.consumed', token.clientId, { grant: token.grantId, rotation: token.rotations ?? 0 });
  });
  for (const model of ['access_token', 'refresh_token']) {
    provider.on(`${model}.issued`, (token) => {
      note(`${model}.issued`, token.clientId, { grant: token.grantId });
    });
  }
  for (const event of ['authorization.error', 'revocation.error', 'introspection.error', 'server_error']) {
    provider.on(event, (ctx, error) => {
      note(event, asked(ctx), { error: error.error, detail: error.error_detail ?? error.message });
      if (event === 'server_error') console.error(error);
    });
  }
}

async function spoilt(ctx, next) {
  await next();
  const fault = ctx.path === '/token' && faults.get(ctx.oidc?.client?.clientId)?.shift();
  if (fault === 'lose') {
    ctx.respond = false;
    ctx.req.socket.destroy();
  } else if (typeof fault === 'number') {
    await new Promise((resolve) => setTimeout(resolve, fault));
  }
}

async function side(request, response) {
  const url = new URL(request.url, 'http://side');
  let answer = null;
  if (request.method === 'GET' && url.pathname === '/side/events') {
    answer = events.filter((each) => each.client === url.searchParams.get('client'));
  } else if (request.method === 'GET' && url.pathname === '/side/counts') {
    answer = counts.get(url.searchParams.get('client')) ?? {};
  } else if (request.method === 'POST' && url.pathname === '/side/faults') {
    const body = JSON.parse((await request.toArray()).join(''));
    faults.set(body.client, body.faults);
    answer = {};
  }
  response.writeHead(answer === null ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer));
}

process.stdin.on('end', () => process.exit()).resume(); // who started it is gone

const server = createServer();
server.keepAliveTimeout = 60_000; // or a kept connection ends just as the next request goes out on it
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(url, configuration());
  remember(provider);
  provider.use(spoilt);
  const issue = provider.callback();
  server.on('request', (request, response) => {
    (request.url.startsWith('/side/') ? side : issue)(request, response);
  });
  console.log(`ready ${url}`);
});
