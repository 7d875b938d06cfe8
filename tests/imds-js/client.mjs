// Prints what AWS's JavaScript client gets from the metadata service.
import { fromInstanceMetadata } from "@smithy/credential-provider-imds";

const credentials = await fromInstanceMetadata({ timeout: 5000, maxRetries: 2 })();
console.log(JSON.stringify({ ...credentials, secretAccessKey: credentials.secretAccessKey.length }));
