import kafkajs, { type Mechanism } from 'kafkajs';
import { FlowtrieError } from '../model/errors.ts';

/** Bytes before a message of SASL: its length. */
const LENGTH_BYTES = 4;

/** Named as kafkajs's own, whose types take no message. */
class TokenRefused extends kafkajs.KafkaJSNonRetriableError {
  override readonly name = 'KafkaJSSASLAuthenticationError';
}

/**
 * IAM access control of Amazon MSK: SASL OAUTHBEARER whose token is a presigned URL (MSK Developer Guide, "Configure
 * clients to use IAM access control"). kafkajs takes the answer of a broker that refuses a token (RFC 7628, 3.2.2: a
 * message, not an error) for success, and then only meets a connection that is closed: so its own half is not used.
 * Throws FlowtrieError `usage` when the signer is not installed.
 */
export async function mskIam(region: string): Promise<Mechanism> {
  const signer = await import('aws-msk-iam-sasl-signer-js').catch((cause: unknown) => {
    const hint = 'install it: npm install aws-msk-iam-sasl-signer-js';
    throw new FlowtrieError('usage', `SASL aws-msk-iam needs a package that is not there; ${hint}`, { cause });
  });
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ saslAuthenticate }) => ({
      async authenticate() {
        const { token } = await signer.generateAuthToken({ region });
        const answer = await saslAuthenticate({
          request: { encode: () => framed(Buffer.from(`n,,\u0001auth=Bearer ${token}\u0001\u0001`)) },
          response: { decode: (bytes) => bytes, parse: (bytes) => bytes.subarray(LENGTH_BYTES).toString() },
        });
        if (typeof answer !== 'string' || answer === '') return;
        throw new TokenRefused(`SASL aws-msk-iam: ${answer}`);
      },
    }),
  };
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeInt32BE(message.length);
  return Buffer.concat([length, message]);
}
