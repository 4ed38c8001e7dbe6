import { escapeText } from '../escape.ts';

/* JUnit XML, as CI systems read it. https://github.com/jenkinsci/xunit-plugin (junit-10.xsd), https://docs.gitlab.com/ci/testing/unit_test_reports/ */

export interface Case {
  name: string;
  classname: string;
  seconds: number;
  /** An element of the case, with its type, message and text. */
  result?: { element: 'failure' | 'error' | 'skipped'; type: string; message: string; text: string };
}

export function caseText({ name, classname, seconds, result }: Case): string {
  const open = `    <testcase name="${attribute(name)}" classname="${attribute(classname)}" time="${seconds.toFixed(3)}"`;
  if (result === undefined) return `${open}/>`;
  const { element, type, message, text } = result;
  return `${open}>\n      <${element} type="${attribute(type)}" message="${attribute(message)}">${attribute(text)}</${element}>\n    </testcase>`;
}

/** Safe in XML 1.0, which has no place for some characters. */
export function attribute(text: string): string {
  return escapeText(text.toWellFormed().replace(/[\ufffe\uffff]/g, '\ufffd'));
}
