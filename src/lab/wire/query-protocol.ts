import type { StructureShape } from '../../aws/schemas.ts';
import { type Protocol, type WireFault, type WireMessage, type WireReply, WireError } from './message.ts';
import { AWS_QUERY, type Dialect, EC2_QUERY, parseQuery, readQueryInput } from './query.ts';
import { element, escapeXml, XML_DECLARATION } from './xml.ts';
import { writeStructure } from './xml-shapes.ts';

/** Parameters come in the body of a POST, or in the URL of a GET. */
function parametersOf(message: WireMessage): URLSearchParams {
  return message.body.length > 0 ? new URLSearchParams(message.body.toString('utf8')) : message.query;
}

function inputIn(dialect: Dialect): Protocol['input'] {
  return (message, { input: { shape } }) => (shape.type === 'structure' ? readQueryInput(shape, parseQuery(parametersOf(message)), dialect) : {});
}

function actionOf(message: WireMessage): string {
  const action = parametersOf(message).get('Action');
  if (action === null || action === '') throw new WireError('MissingAction', 400, 'the request names no Action');
  return action;
}

function xmlReply(status: number, xml: string, requestId: string): WireReply {
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: Buffer.from(XML_DECLARATION + xml, 'utf8'),
  };
}

function outputXml(shape: { type: string }, output: Record<string, unknown>): string | undefined {
  return shape.type === 'structure' ? writeStructure(shape as StructureShape, output) : undefined;
}

/** RDS, Auto Scaling, load balancers, STS, SNS. */
export const awsQuery: Protocol = {
  operationName: actionOf,
  input: inputIn(AWS_QUERY),
  reply: (output, operation, { schema }, requestId) => {
    const inner = outputXml(operation.output.shape, output);
    const result = inner === undefined ? '' : element(`${operation.name}Result`, inner);
    const metadata = element('ResponseMetadata', element('RequestId', requestId));
    return xmlReply(200, element(`${operation.name}Response`, result + metadata, schema.xmlNamespace), requestId);
  },
  fault: (fault, _message, { schema }, requestId) =>
    xmlReply(fault.status, errorResponse(fault, schema.xmlNamespace, requestId), requestId),
};

/** `<ErrorResponse>`, which Route 53 uses too. */
export function errorResponse(fault: WireFault, xmlNamespace: string, requestId: string): string {
  const type = fault.status >= 500 ? 'Receiver' : 'Sender';
  const error = element('Type', type) + codeAndMessage(fault);
  return element('ErrorResponse', element('Error', error) + element('RequestId', requestId), xmlNamespace);
}

function codeAndMessage(fault: WireFault): string {
  return element('Code', escapeXml(fault.code)) + element('Message', escapeXml(fault.message));
}

export const ec2Query: Protocol = {
  operationName: actionOf,
  input: inputIn(EC2_QUERY),
  reply: (output, operation, { schema }, requestId) => {
    const inner = outputXml(operation.output.shape, output) ?? element('return', 'true');
    const xml = element(`${operation.name}Response`, element('requestId', requestId) + inner, schema.xmlNamespace);
    return xmlReply(200, xml, requestId);
  },
  fault: (fault, _message, _to, requestId) => {
    const errors = element('Errors', element('Error', codeAndMessage(fault)));
    return xmlReply(fault.status, element('Response', errors + element('RequestID', requestId)), requestId);
  },
};
