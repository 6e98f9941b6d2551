/* Private to journal/sqlite/: what the sink keeps between calls, shared by the files that write. All of it belongs
 * to the writer thread. */
#ifndef PF_JOURNAL_SQLITE_STATE_H
#define PF_JOURNAL_SQLITE_STATE_H

#include <sqlite3.h>
#include <stdalign.h>
#include <stdbool.h>

#include "journal/sqlite/dictionary.h"
#include "journal/sqlite/roll.h"
#include "journal/sqlite/schema.h"
#include "journal/sqlite/sqlite.h"

/* Rows whose ids are known without asking the database; some 20 MB when all are full. */
#define NAME_CACHE_MAX 65536
#define ANSWER_CACHE_MAX 65536
#define SMALL_CACHE_MAX 4096
#define DEVICE_CACHE_MAX 8192
#define KIND_CACHE_MAX 131072 /* some 25 MB more */

/* (device, name, type, answer) that are put together before endpoints are written; a full table is written and begun anew. Some
 * 18 MB when it is full. */
#define GROUP_MAX 131072

/* (device, hour, name, class) that are put together before sums are written: 20 MB at most, only when hours pass like seconds (a
 * capture, or what piled up); else a few thousand. */
#define SUM_MAX 524288
#define SUM_ROOM_FIRST 4096

/* Of these, that wait for the content of their answer; it comes with the same round over the rings, which hold
 * some 80,000 records each. More are told in the log and not waited for. */
#define PENDING_MAX 524288

#define KEEP_SUMS_US (INT64_C(400) * 86400 * 1000000) /* endpoints too: design.md §7 */

/* Statements that stay prepared. */
enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_DEVICE_FIND,
	ST_DEVICE_INSERT,
	ST_DEVICE_RENAME,
	ST_DEVICE_COUNT,
	ST_KIND_FIND,
	ST_KIND_INSERT,
	ST_BLOCK_PUT,
	ST_BLOCK_SUMMARY,
	ST_BLOCK_LAST,
	ST_TYPE_PUT,
	ST_ANSWER_STATE,
	ST_ANSWER_FILL,
	ST_HOP_INSERT,
	ST_ADDRESS_INSERT,
	ST_SUM_HOUR,
	ST_SUM_HOUR_MANY,
	ST_SUM_AGAIN,
	ST_SUM_DAY,
	ST_SUM_MONTH,
	ST_TOTAL_HOUR,
	ST_TOTAL_DAY,
	ST_TOTAL_MONTH,
	ST_ALL_HOUR,
	ST_ALL_DAY,
	ST_NAME_DAY,
	ST_NAME_MONTH,
	ST_ENDPOINT_UPSERT,
	ST_ENDPOINT_LOOK,
	ST_ENDPOINT_AGAIN,
	ST_ENDPOINT_PUT,
	ST_ANSWER_CONTENT,
	ST_FACT_READ,
	ST_SUMMED_UNTIL,
	ST_REPLAY,
	ST_RING_PUT,
	ST_RING_FIND,
	ST_COUNT,
};

/* Tables in which a thing stands once. */
enum table {
	TABLE_NAME,
	TABLE_CLIENT,
	TABLE_OUTCOME,
	TABLE_REASON,
	TABLE_ANSWER,
	TABLE_LABEL,
	TABLE_ADDRESS,
	TABLE_FACT,
	TABLE_CLASS,
	TABLE_INTERNED_COUNT,
	TABLE_KIND = TABLE_INTERNED_COUNT, /* kind.c finds these */
	TABLE_COUNT,
};

struct interned {
	struct dictionary ids;
	sqlite3_stmt *find, *insert;
	bool
		were_new; /* what was asked for last was not there: new things come together, and are not looked for first */
};

/* What is to be added to the row of a device; queries 0: nothing. */
struct device_counts {
	int64_t first, last, queries, flagged, sinkholed;
};

/* A device whose row is known. */
struct device_seen {
	int64_t id;
	char name[DEVICE_NAME_MAX];
	struct device_counts gathered; /* written with the sums */
	struct device_counts direct;   /* of whom no query is kept: written with the batch */
};

/* Queries of one kind in one hour that are in no sum yet. */
struct tally {
	int64_t hour, first, last, count; /* count 0: none */
	int64_t row;                      /* the first query of them */
};

#define KIND_LINE_BYTES 64

/* A kind of query whose row is known, see tables.c. What each query of it needs comes first: a line of memory, and one of the
 * tallies. */
struct kind_seen {
	alignas(KIND_LINE_BYTES) uint64_t digest[2]; /* of what its records say, but for their time */
	int64_t id;
	int64_t block;   /* the last block that it was noted for */
	uint32_t device; /* index in devices */
	uint16_t type;
	uint8_t action, standing, dnssec;
	bool counted;           /* stands in `active` */
	bool complete;          /* the answer has its content */
	bool judged;            /* `country` is known */
	struct country country; /* of the answer */
	int64_t answer;         /* 0: none */
	int32_t class;          /* its row; 0: not known */
	/* Two hours may be going on at a time, as rings are read one after the other. */
	struct tally tallies[2];
	int64_t name, outcome;
};

/* Where a kind stands: its index and one more (0: nothing does), and the lower half of its digest. */
struct kind_slot {
	uint32_t index, tag;
};

struct group_key {
	int64_t device, name, answer, type;
};

struct group {
	struct group_key key;
	int64_t outcome; /* of the last query of it: names the upstream */
	int64_t first, last, count;
	int64_t
		row; /* the first query of it; 0: no query of it is kept, GROUP_ROW_NEW: nor is it committed */
	uint8_t dnssec; /* the best of them */
	bool done;      /* of a pending one: written in this transaction */
	bool again;     /* its endpoints are there already, perhaps: they may be changed on one walk */
	uint8_t met;    /* so many of them are, with all that is said of them */
};
#define GROUP_ROW_NEW INT64_MAX

struct groups {
	struct dictionary ids; /* group_key to index in `list` */
	struct group *list;    /* GROUP_MAX */
	size_t count;
};

/* What is to be added to one row of sum_hour. */
struct sum {
	int64_t device, hour, name, count;
	int32_t class;
	bool there; /* the row was, and it is added */
};
#define SUM_VALUES 5    /* of the statements that add it to a table */
#define SUMS_AT_ONCE 16 /* rows of the statement that adds many */

/* What is to be added to the row of a device, which memory may have forgotten by then. */
struct counted_device {
	int64_t id;
	struct device_counts counts;
};

/* What was gathered up to some query and is written in steps, while more is being gathered. All of it ordered by device and name. */
struct flush {
	bool active;
	struct flush_mark {
		int64_t until;        /* the last query of it */
		int64_t device, name; /* written up to here */
	} mark, mark_kept;        /* as `progress` has it: now, and at the last commit */
	struct sum *sums;         /* owned */
	size_t sum_count, sum_room, sum_at;
	struct groups groups;
	size_t group_at;
	struct counted_device *counts; /* owned */
	size_t count_count, count_room, count_at;
	int64_t spent_us, last_us; /* what its steps took so far, and those of the flush before */
	size_t many; /* with so much gathered behind it a flush is due, and goes on faster */
};

#define BLOCK_ROWS_MAX 1000
#define BLOCK_PAD_BYTES 4096  /* so that a block which grows a little overwrites itself in place */
#define BLOCK_BEFORE_MS 60000 /* what comes this much late still has room in its block */

/* The block that grows. */
struct block {
	int64_t id; /* 0: none is open */
	int64_t time, time_min, time_max;
	size_t count, put_count; /* rows: now, and when it was written last */
	size_t length;
	char *text; /* owned: "[" and the rows, each with its comma */
	size_t kind_count;
	int64_t *kinds; /* owned: BLOCK_ROWS_MAX */
	bool check;     /* the newest block in the database may lack its summary */
};

struct sqlite_sink {
	struct sink sink; /* first: what the journal sees */
	sqlite3 *db;
	char *path;
	int lock;    /* descriptor, see schema_lock */
	bool opened; /* ready to be written */
	int64_t keep_us;
	sqlite3_stmt *statements[ST_COUNT];
	struct interned tables[TABLE_INTERNED_COUNT];
	struct dictionary types; /* those that have a row */

	struct dictionary device_ids; /* key to index in devices */
	struct device_seen *devices;  /* DEVICE_CACHE_MAX */
	size_t device_count;

	struct hash_key kind_seed;
	struct kind_slot *kind_slots; /* by digest; owned: half of them at most are taken */
	size_t kind_slot_count;       /* a power of two, or 0 */
	struct kind_seen *kinds;      /* KIND_CACHE_MAX, on cache lines of their own */
	size_t kind_count;
	uint32_t *active; /* KIND_CACHE_MAX: kinds with a tally */
	size_t active_count;

	struct groups gathered; /* written with the sums */
	struct groups direct;   /* of whom no query is kept: written with the batch */
	struct sum *sums;       /* owned: gathered, in no order, with doubles */
	size_t sum_count, sum_room;
	bool torn; /* a part of what was gathered is written: this transaction must write the rest */
	struct flush flush;
	struct group *pending; /* up to PENDING_MAX: their answers have no content yet */
	size_t pending_count, pending_room, pending_lost;
	int64_t summed_until, summed_until_kept; /* as `progress` has it: now, and at the last commit */
	int64_t replay_to;  /* queries up to here that are not gathered in memory */
	int64_t flushed_us; /* monotonic: when sums were written last */
	bool any_direct;    /* something of this batch is no query, and must be written with it */
	struct roll roll;   /* which hours are in the sums of longer times */

	struct contents *contents; /* see content.c */
	struct again *again;       /* see again.c */
	struct drift *drift;       /* what moved, see drift.h */
	struct merge *merge;       /* who turned out to be whom, see merge.h */

	int64_t next_row, next_row_kept; /* number of the next query: now, and at the last commit */
	int64_t idle_row;                /* what it was when idle was called last; 0: never */
	struct block block;

	struct retention *retention; /* see retention.h */
};

/* A value of a row, for `intern_resolve`. */
struct value {
	const char *text; /* NULL: `number` */
	int64_t number;
};

/* ---- intern.c. All return PF_OK, or PF_EIO (the database says why) or PF_ENOMEM. */

/* The id of the row with these `values`, which is made when there is none. `key` names the row in memory.
 * `*fresh` (may be NULL) tells whether it was made now. */
PF_MUST_CHECK int intern_resolve(struct sqlite_sink *sink, enum table table, const void *key,
                                 size_t key_length, const struct value *values, size_t value_count,
                                 int64_t *id, bool *fresh);

/* Does memory know it? PF_ENOENT: no; ask intern_resolve. */
PF_MUST_CHECK int intern_known(struct sqlite_sink *sink, enum table table, const void *key,
                               size_t key_length, int64_t *id);

/* `*fresh`, which may be NULL: as there. */
PF_MUST_CHECK int intern_name(struct sqlite_sink *sink, const struct dns_name *name, int64_t *id,
                              bool *fresh);
PF_MUST_CHECK int intern_text(struct sqlite_sink *sink, enum table table, const char *text,
                              int64_t *id);
PF_MUST_CHECK int intern_type(struct sqlite_sink *sink, uint16_t type);

/* Binds, steps to the end and resets. */
PF_MUST_CHECK int statement_run(sqlite3_stmt *statement, const struct value *values, size_t count);

/* ---- device.c: the index of the record's device in `devices`. PF_EFULL: they are all taken. */
PF_MUST_CHECK int device_see(struct sqlite_sink *sink, const struct record *record, int64_t time_ms,
                             uint32_t *index);
PF_MUST_CHECK int device_rename(struct sqlite_sink *sink, uint32_t index, const char *name);
void device_forget(struct sqlite_sink *sink);

/* ---- answer.c: the answer's row, and its content when the record carries it. `*complete`: it has its content. */
PF_MUST_CHECK int answer_see(struct sqlite_sink *sink, const struct record *record, int64_t *id,
                             bool *complete);

/* ---- kind.c: the record's kind; it lives until kind_forget. May write the sums to make room. */
void kind_foresee(struct sqlite_sink *sink, struct sink_brief *briefs, size_t count);
/* NULL: memory does not know it. */
struct kind_seen *kind_known(const struct sqlite_sink *sink, const uint64_t digest[2]);
/* The row of how a query ended, which names the upstream. */
PF_MUST_CHECK int kind_outcome(struct sqlite_sink *sink, const struct record *record, int64_t *id);
PF_MUST_CHECK int kind_see(struct sqlite_sink *sink, const struct record *record, int64_t time_ms,
                           struct kind_seen **kind);
void kind_forget(struct sqlite_sink *sink);

/* ---- block.c */
PF_MUST_CHECK int block_init(struct block *block);
void block_deinit(struct block *block);
/* Puts query number `row` behind the others; opens another block when it has no room here. */
PF_MUST_CHECK int block_add(struct sqlite_sink *sink, int64_t row, int64_t time_ms,
                            struct kind_seen *kind, uint32_t took_us);
/* Writes the open block, for the commit. */
PF_MUST_CHECK int block_put(struct sqlite_sink *sink);
/* Writes it for good: the next row opens another. */
PF_MUST_CHECK int block_close(struct sqlite_sink *sink);
/* Gives the newest block its summary when it lacks it and does not grow. */
PF_MUST_CHECK int block_mend(struct sqlite_sink *sink);
/* Forgets it; in the database it stays as it was written last. */
void block_abandon(struct block *block);

/* ---- sums.c: what is counted for each kind in memory is added to the counts of devices, the sums and the endpoints now and then.
 * `progress.summed_until` says up to which query that is done; it moves in the same transaction, so after a crash or
 * a rollback the rest is counted from the blocks, and no query counts twice or never. */
PF_MUST_CHECK int sums_see(struct sqlite_sink *sink, struct kind_seen *kind, int64_t time_ms);
/* All of it, in this transaction. */
PF_MUST_CHECK int sums_flush(struct sqlite_sink *sink);
/* A step: `rows_max` rows, and the rest of the last name; a thousand when SUMS_STEP_ROWS_MAX of them take long. What was gathered is taken up when no flush is going on. */
#define SUMS_STEP_ROWS_MAX 4000
PF_MUST_CHECK int sums_step(struct sqlite_sink *sink, size_t rows_max);
/* What does not wait: endpoints and counts of devices of whom no query is kept. */
PF_MUST_CHECK int sums_flush_direct(struct sqlite_sink *sink);
void sums_count_device(struct device_counts *counts, uint8_t action, const struct group *group);
/* Not with each batch. */
PF_MUST_CHECK int sums_flush_if_due(struct sqlite_sink *sink);
/* Under load idle is the place for it, so that its other work finds all sums written. */
bool sums_due(const struct sqlite_sink *sink);
void sums_committed(struct sqlite_sink *sink);
void sums_rolled_back(struct sqlite_sink *sink);
/* Before kinds are forgotten: what they have counted is kept elsewhere, in memory. */
PF_MUST_CHECK int sums_gather_all(struct sqlite_sink *sink);
#define SUMS_MANY (SUM_MAX / 4)
/* Are all queries in them? */
static inline bool sums_whole(const struct sqlite_sink *sink)
{
	return sink->summed_until == sink->next_row - 1;
}

/* ---- flush.c */
PF_MUST_CHECK int flush_count_device(struct sqlite_sink *sink, int64_t id,
                                     const struct device_counts *counts);
/* Parts of it, up to `rows_max` and the rest of the last name. */
PF_MUST_CHECK int flush_write(struct sqlite_sink *sink, size_t rows_max);
/* All sums and endpoints? Counts of devices may be left. */
bool flush_written(const struct flush *flush);
PF_MUST_CHECK int flush_write_counts(struct sqlite_sink *sink, int64_t device);

/* ---- again.c: makes the functions of its statements. PF_EIO, PF_ENOMEM. */
PF_MUST_CHECK int again_open(struct sqlite_sink *sink);
/* Adds them to their rows, each of which stands here once; in the order of devices, names and classes. */
PF_MUST_CHECK int again_sums(struct sqlite_sink *sink, struct sum *sums, size_t count);
/* Writes endpoints; in the order of devices, names and types. */
PF_MUST_CHECK int again_endpoints(struct sqlite_sink *sink, struct group *groups, size_t count);

/* ---- content.c: what answers and facts say, in memory. */
#define CONTENT_FACTS_MAX 8 /* answers with more addresses are written one by one */
struct content {
	int64_t answer;  /* 0: none stands here */
	uint64_t via[2]; /* the digest of the CNAMEs */
	int32_t facts[CONTENT_FACTS_MAX];
	uint8_t fact_count, standing, confidence;
	bool many : 1;          /* more of them, which are not here */
	bool chained : 1;       /* there are CNAMEs */
	bool judged : 1;        /* `country` is known */
	struct country country; /* where the answer stands, for the sums */
};
struct fact_known {
	int64_t fact; /* 0: none stands here */
	int64_t address;
	struct country location;
	bool special, anycast;
	char standing[16];
	char evidence[EVENT_EVIDENCE_MAX]; /* "203.0.113.7: dbip 2026-06 CN" */
};
struct contents *contents_new(void);
void contents_free(struct contents **contents);
/* Ids mean nothing any more. */
void contents_forget(struct contents *contents);
/* NULL: memory does not know it. Valid until the next content_read or content_note. */
const struct content *content_known(struct contents *contents, int64_t answer);
/* The same, read when memory does not know it. */
PF_MUST_CHECK int content_read(struct sqlite_sink *sink, int64_t answer,
                               const struct content **content);
/* The content was written just now; `facts` has CONTENT_FACTS_MAX and one more at most. */
void content_note(struct contents *contents, int64_t id, const struct record_answer *answer,
                  const int64_t *facts, size_t fact_count, const char *country);
void content_digest(const struct contents *contents, const void *via, size_t length,
                    uint64_t digest[2]);
PF_MUST_CHECK int fact_known(struct sqlite_sink *sink, int64_t id, const struct fact_known **fact);

/* ---- endpoint.c */
PF_MUST_CHECK int endpoint_add(struct sqlite_sink *sink, struct groups *groups,
                               const struct group *group, bool complete);
/* Writes what was added, and what waited for its content and has it by now, of queries that are summed. */
PF_MUST_CHECK int endpoint_flush(struct sqlite_sink *sink, struct groups *groups);
PF_MUST_CHECK int endpoint_flush_pending(struct sqlite_sink *sink);
void endpoint_sort(struct groups *groups);
PF_MUST_CHECK int endpoint_write(struct sqlite_sink *sink, const struct group *group);
void endpoint_clear(struct groups *groups);
void endpoint_committed(struct sqlite_sink *sink);
void endpoint_rolled_back(struct sqlite_sink *sink);

/* ---- sink.c: opens a journal; `before` comes between its lock and the database, NULL: nothing does. NULL with a sentence. */
struct sqlite_sink *sink_open(const char *path, int64_t keep_us,
                              int (*before)(const char *path, char *error, size_t error_size),
                              char *error, size_t error_size);
/* Ids in memory are forgotten, because rows may be gone. The sums must be written. */
void sink_forget(struct sqlite_sink *sink);
/* Writes a step of the sums that are still gathered in memory, in a transaction of its own; SIZE_MAX: all. False: it failed. */
bool sink_write_sums(struct sqlite_sink *sink, size_t rows_max);

#endif
