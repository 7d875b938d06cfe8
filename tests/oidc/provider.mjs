// A real OpenID Connect provider on loopback: `node provider.mjs PORT`. Its keys are new at each start.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;

function key(kid, alg, type, options) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

const salt = Date.now().toString(36);
const keys = [
  key(`rsa-${salt}`, 'RS256', 'rsa', { modulusLength: 2048 }),
  key(`p256-${salt}`, 'ES256', 'ec', { namedCurve: 'P-256' }),
];

const TAGS = 'https://aws.amazon.com/tags';
const SOURCE = 'https://aws.amazon.com/source_identity';

const client = (client_id, id_token_signed_response_alg) => ({
  client_id,
  client_secret: `secret of ${client_id}`,
  application_type: 'native',
  redirect_uris: [`${issuer}/callback`],
  id_token_signed_response_alg,
});

const provider = new Provider(issuer, {
  jwks: { keys },
  clients: [client('rolecall-app', 'RS256'), client('rolecall-es', 'ES256'), client('another-app', 'RS256')],
  claims: { openid: ['sub'], email: ['email'], aws: [TAGS, SOURCE] },
  scopes: ['openid', 'email', 'aws'],
  conformIdTokenClaims: false,
  pkce: { required: () => false },
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ['cookies of a test'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.com`,
      [TAGS]: { principal_tags: { team: ['blue'] }, transitive_tag_keys: ['team'] },
      [SOURCE]: id,
    }),
  }),
});

provider.listen(port, '127.0.0.1', () => console.log('ready'));
