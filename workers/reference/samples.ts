/** What a load of each reference system publishes, and what its handlers look up in their stores for it: every service that consumes gets work, and all of it succeeds. */

export interface Sample {
  readonly message: string;
  readonly body: unknown;
  /** For each `{word}` of the message's key. */
  readonly key?: Readonly<Record<string, string>>;
}

const ID = "00000000-0000-4000-8000-000000000000";
const USER = "00000000-0000-4000-8000-000000000001";
const AT = "2026-01-01T00:00:00.000Z";
const SESSION = "sample-session";
const FILE = "sample.txt";

/** By system. */
export const samples: Readonly<Record<string, readonly Sample[]>> = {
  contextiq: [
    { message: "extraction.request", body: { session_id: SESSION, user_id: USER } },
    // Everybody who subscribed to events hears of it, the webhook too.
    { message: "session.event", key: { event: "created" }, body: { session_id: SESSION, event: "created", data: {}, timestamp: AT } },
  ],
  debias: [{ message: "event", body: { user_id: 1, product_id: 1, event_type: "view", user_session: SESSION } }],
  "fo-analytics": [{ message: "document", body: { document_id: ID, user_id: USER, file_path: FILE, content_type: "text/plain" } }],
  cgcg: [{ message: "task.submit", body: { task_id: ID, task_name: "sum", args: [1, 2], kwargs: {} } }],
  stage7: [{ message: "broadcast", body: { type: "sample", sender: "load", content: {} } }],
};

/** By collection and id. */
export const sampleRecords: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  sessions: { [SESSION]: { user_id: USER, events: ["Prefers tea", "Lives in Oslo"] } },
  objects: { [FILE]: "The market is calm. Buy bonds now." },
};
