import type { Addressee, Protocol, WireMessage } from './message.ts';
import { ec2Query, awsQuery } from './query-protocol.ts';
import { restJson } from './rest-json-protocol.ts';
import { restXml } from './rest-xml-protocol.ts';
import { awsJson, rpcV2Cbor } from './rpc-protocol.ts';
import { s3RestXml } from './s3-protocol.ts';

const JSON_1_0 = awsJson('application/x-amz-json-1.0');
const JSON_1_1 = awsJson('application/x-amz-json-1.1');

/**
 * The protocol of a request. Services may speak several (CloudWatch: Query, JSON and CBOR), so what the request
 * looks like decides, and the service only between those that look alike.
 */
export function protocolOf(message: WireMessage, to: Addressee): Protocol {
  if (to.service === 's3') return s3RestXml;
  if (to.service === 'route53') return restXml;
  if (to.service === 'lambda') return restJson;
  if (message.headers['smithy-protocol'] === 'rpc-v2-cbor') return rpcV2Cbor;
  if (message.headers['x-amz-target'] !== undefined) {
    return message.headers['content-type']?.includes('json-1.1') ? JSON_1_1 : JSON_1_0;
  }
  return to.service === 'ec2' ? ec2Query : awsQuery;
}
