// A certified OpenID provider on this machine, whose people sign in without a page: `login_hint`
// says who, and after a dot how (`pwd` or `mfa`). Everything else is its own.
import fs from 'node:fs';
import http from 'node:http';
import { Provider } from 'oidc-provider';

const house = 'http://localhost:8080';
const people = {
  dana: { name: 'Dana Whitfield', groups: ['adjusters'], employee_id: 'dana' },
  nobody: { name: 'Nobody Special', groups: ['lunch'] },
};

const server = http.createServer((request, response) => answer(request, response));
let answer;

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'mendline',
      client_secret: "the provider's secret for us",
      redirect_uris: [`${house}/desk/sign-in/back`],
      post_logout_redirect_uris: [`${house}/desk/login`],
    }],
    acrValues: ['mfa', 'pwd'],
    claims: {
      openid: ['sub', 'acr', 'amr'],
      profile: ['name'],
      email: ['email', 'email_verified'],
      groups: ['groups', 'employee_id'],
    },
    cookies: { keys: ['for tests alone'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, ...people[id] }),
    }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
    pkce: { required: () => true },
  });
  const own = provider.callback();

  const interact = async (request, response) => {
    const { prompt, params, session, grantId } =
      await provider.interactionDetails(request, response);
    if (prompt.name === 'login') {
      const [accountId, how] = params.login_hint.split('.');
      const amr = how === 'mfa' ? ['pwd', 'otp'] : ['pwd'];
      const login = { accountId, acr: how, amr, remember: true };
      return provider.interactionFinished(request, response, { login });
    }
    const { accountId } = session;
    const grant = grantId
      ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId, clientId: params.client_id });
    const { missingOIDCScope, missingOIDCClaims } = prompt.details;
    if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
    if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
    const consent = { grantId: await grant.save() };
    const merge = { mergeWithLastSubmission: true };
    return provider.interactionFinished(request, response, { consent }, merge);
  };

  answer = (request, response) => {
    if (!request.url.startsWith('/interaction/')) return own(request, response);
    return interact(request, response).catch((failed) => {
      console.error(failed);
      response.writeHead(500).end();
    });
  };
  const file = new URL('url', import.meta.url);
  fs.writeFileSync(`${file.pathname}.part`, issuer);
  fs.renameSync(`${file.pathname}.part`, file.pathname);
});
