"""The only room with SQL: snapshot, events, deadlines, outbox and history in one SQLite file."""
