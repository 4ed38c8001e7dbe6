import type { Socket } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { Login } from '../server.ts';
import { Body, CANCEL_REQUEST, GSS_REQUEST, PROTOCOL_3, say, SSL_REQUEST } from './messages.ts';
import { parseStatement, type SessionState, type Statement, type Value } from './statement.ts';
import { SqlError, type Store } from './store.ts';

const MESSAGE_LIMIT = 1_048_576;

/** One connection to the model, from its first byte on. */
export class Session {
  readonly #socket: Socket;
  readonly #store: Store;
  readonly #login: Login;
  readonly #state: SessionState;
  #buffered: Buffer = Buffer.alloc(0);
  #stage: 'startup' | 'password' | 'ready' = 'startup';
  #prepared = new Map<string, Statement>();
  #portals = new Map<string, { statement: Statement; parameters: readonly Value[] }>();
  /** After an error the rest of an extended query is skipped, up to its Sync. */
  #skipping = false;

  /** `endOthers` ends every session of the server but this one. */
  constructor(socket: Socket, store: Store, login: Login, endOthers: () => void) {
    this.#socket = socket;
    this.#store = store;
    this.#login = login;
    this.#state = { readOnly: false, endOthers };
    socket.on('data', (chunk: Buffer) => {
      this.#buffered = Buffer.concat([this.#buffered, chunk]);
      try {
        while (this.#next());
      } catch {
        // Not the protocol: there is nothing to answer.
        socket.destroy();
      }
    });
  }

  #next(): boolean {
    const typed = this.#stage !== 'startup';
    const start = typed ? 1 : 0;
    if (this.#buffered.length < start + 4) return false;
    const length = this.#buffered.readInt32BE(start);
    if (length < 4 || length > MESSAGE_LIMIT) throw new Error('not a message');
    if (this.#buffered.length < start + length) return false;
    const type = typed ? this.#buffered.toString('latin1', 0, 1) : '';
    const body = this.#buffered.subarray(start + 4, start + length);
    this.#buffered = this.#buffered.subarray(start + length);
    if (this.#stage === 'startup') this.#startup(body);
    else if (this.#stage === 'password') this.#password(type, new Body(body));
    else this.#command(type, new Body(body));
    return !this.#socket.destroyed;
  }

  #startup(bytes: Buffer): void {
    const code = bytes.readInt32BE(0);
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      this.#socket.write('N');
      return;
    }
    if (code === CANCEL_REQUEST || code !== PROTOCOL_3) {
      this.#socket.destroy();
      return;
    }
    const body = new Body(bytes.subarray(4));
    const wanted = new Map<string, string>();
    for (let name = body.string(); name !== ''; name = body.string()) wanted.set(name, body.string());
    const user = wanted.get('user') ?? '';
    const database = wanted.get('database') ?? user;
    if (database !== this.#login.database) return this.#refuse('3D000', `database "${database}" does not exist`);
    if (user !== this.#login.user) return this.#refuse('28P01', `password authentication failed for user "${user}"`);
    this.#stage = 'password';
    this.#socket.write(say.askPassword());
  }

  #password(type: string, body: Body): void {
    if (type !== 'p' || body.string() !== this.#login.password) {
      return this.#refuse('28P01', `password authentication failed for user "${this.#login.user}"`);
    }
    this.#stage = 'ready';
    this.#state.readOnly = this.#store.readOnly;
    const about = { server_version: '17.0 (dr lab model)', client_encoding: 'UTF8', standard_conforming_strings: 'on', DateStyle: 'ISO, MDY' };
    const parameters = Object.entries(about).map(([name, value]) => say.parameter(name, value));
    this.#socket.write(Buffer.concat([say.welcome(), ...parameters, say.key(), say.ready()]));
  }

  #refuse(state: string, words: string): void {
    this.#socket.end(say.error('FATAL', state, words));
  }

  #command(type: string, body: Body): void {
    if (type === 'X') return void this.#socket.end();
    if (type === 'S') {
      this.#skipping = false;
      return void this.#socket.write(say.ready());
    }
    if (this.#skipping) return;
    try {
      this.#socket.write(this.#answer(type, body));
    } catch (error) {
      const state = error instanceof SqlError ? error.state : 'XX000';
      this.#socket.write(say.error('ERROR', state, messageOf(error)));
      if (type === 'Q') this.#socket.write(say.ready());
      else this.#skipping = true;
    }
  }

  #answer(type: string, body: Body): Buffer {
    switch (type) {
      case 'Q': {
        const statement = parseStatement(body.string());
        const columns = statement.columns.length === 0 ? [] : [say.columns(statement.columns)];
        return Buffer.concat([...columns, ...this.#run(statement, []), say.ready()]);
      }
      case 'P':
        this.#prepared.set(body.string(), parseStatement(body.string()));
        return say.parseComplete();
      case 'B':
        this.#bind(body);
        return say.bindComplete();
      case 'D':
        return this.#describe(body);
      case 'E': {
        const portal = this.#portals.get(body.string());
        if (portal === undefined) throw new SqlError('34000', 'no such portal');
        return Buffer.concat(this.#run(portal.statement, portal.parameters));
      }
      case 'C':
        (body.letter() === 'S' ? this.#prepared : this.#portals).delete(body.string());
        return say.closeComplete();
      case 'H':
        return Buffer.alloc(0);
      default:
        throw new SqlError('08P01', `the model does not know message ${type}`);
    }
  }

  #run(statement: Statement, parameters: readonly Value[]): Buffer[] {
    if (statement.writes !== undefined && this.#state.readOnly) {
      throw new SqlError('25006', `cannot execute ${statement.writes} in a read-only transaction`);
    }
    const { rows, tag } = statement.run(this.#store, parameters, this.#state);
    return [...rows.map((row) => say.row(row)), say.complete(tag)];
  }

  #bind(body: Body): void {
    const portal = body.string();
    const statement = this.#prepared.get(body.string());
    if (statement === undefined) throw new SqlError('26000', 'no such prepared statement');
    const formats = Array.from({ length: body.int16() }, () => body.int16());
    if (formats.some((format) => format !== 0)) throw new SqlError('0A000', 'the model takes text parameters only');
    this.#portals.set(portal, { statement, parameters: Array.from({ length: body.int16() }, () => body.value()) });
  }

  #describe(body: Body): Buffer {
    const prepared = body.letter() === 'S';
    const name = body.string();
    const statement = prepared ? this.#prepared.get(name) : this.#portals.get(name)?.statement;
    if (statement === undefined) throw new SqlError('26000', 'nothing of that name');
    const columns = statement.columns.length === 0 ? say.noData() : say.columns(statement.columns);
    return prepared ? Buffer.concat([say.parameterTypes(), columns]) : columns;
  }
}
