import type * as aws from '@aws-sdk/client-s3';
import { FlowtrieError, messageOf } from '../../model/errors.ts';

/** What is used of the AWS SDK, with one client for the process. */
export interface S3 {
  readonly client: aws.S3Client;
  readonly GetObjectCommand: typeof aws.GetObjectCommand;
  readonly ListObjectsV2Command: typeof aws.ListObjectsV2Command;
}

/** Tries of one request, the first included: the SDK waits longer from one to the next. */
const REQUEST_TRIES = 5;

/** A connection that is silent for so long is given up, and the request tried again. */
const CONNECT_MS = 5_000;
const SILENCE_MS = 30_000;

/** An object or listing that S3, or the way to it, did not give: the cause is the SDK's error. */
export class S3Error extends FlowtrieError {}

let loading: Promise<S3> | undefined;

/** Loads the SDK when the first `s3://` input comes. Endpoint, region and credentials are found as the AWS CLI does. */
export function loadS3(): Promise<S3> {
  loading ??= load();
  return loading;
}

async function load(): Promise<S3> {
  // a notice to who chooses the Node version of the SDK, not to who reads logs
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const sdk = await import('@aws-sdk/client-s3').catch((error: unknown) => {
    const hint = 'run: npm install @aws-sdk/client-s3';
    throw new S3Error('input', `s3:// needs the package @aws-sdk/client-s3: ${hint}`, { cause: error });
  });
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION, AWS_PROFILE } = process.env;
  const elsewhere = (AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL) !== undefined;
  const region = AWS_REGION ?? AWS_DEFAULT_REGION ?? (elsewhere && AWS_PROFILE === undefined ? 'us-east-1' : undefined);
  const client = new sdk.S3Client({
    ...(region === undefined ? {} : { region }),
    // other servers than Amazon's rarely have a host name for every bucket, or checksums
    forcePathStyle: elsewhere,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: true,
    maxAttempts: REQUEST_TRIES,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: SILENCE_MS },
  });
  return { client, GetObjectCommand: sdk.GetObjectCommand, ListObjectsV2Command: sdk.ListObjectsV2Command };
}

/** What a user can do something about: the name of the error and what it says. */
export function s3Error(what: string, error: unknown): FlowtrieError {
  if (error instanceof FlowtrieError) return error;
  const name = error instanceof Error ? error.name : 'error';
  const message = messageOf(error);
  const hint = /^region is missing/i.test(message)
    ? ': set AWS_REGION, or AWS_PROFILE to a profile with a region'
    : name === 'CredentialsProviderError'
      ? ': set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'
      : '';
  const said = message === '' || message === name ? name : `${name}: ${message}${hint}`;
  return new S3Error('input', `${what}: cannot be read (${said})`, { cause: error });
}

/** Tries of an answer whose body broke off, besides those of the SDK for a request that fails. */
export const BODY_TRIES = 6;

const WAIT_MS = 100;

/** Resolves before the `tries`th try, each time later. */
export function pause(tries: number): Promise<void> {
  return new Promise((done) => setTimeout(done, tries === 0 ? 0 : WAIT_MS * 2 ** tries));
}
