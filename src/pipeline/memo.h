/* Private to pipeline/: what a worker remembers of clients and of names, so that it need not find out anew for each
 * query what follows from the snapshot alone. A note bears the numbers of all that it was made from (snapshot,
 * roster, pauses by not being made during one): who finds other numbers makes it anew, so a reload, a rule or a tag acts on
 * the very next query. What hangs on more (the time of day, conditions of a list's entry on who asks) is not noted.
 *
 * Both tables have a fixed size and one or two places for each hash: strangers can push notes out, and then pay what
 * everybody paid. They belong to one worker and are written by it alone. */
#ifndef PF_PIPELINE_MEMO_H
#define PF_PIPELINE_MEMO_H

#include "pipeline/finish.h"

#define MEMO_CLIENTS 1024 /* a power of two: clients that ask at the same time */
#define MEMO_SETS \
	2048 /* a power of two, of MEMO_WAYS: what a house asks for in an hour, with its sets of tags */
#define MEMO_WAYS 2
/* Bytes with the NUL: a longer one is written anew each time. The length of any is one byte. */
#define MEMO_SENTENCE_MAX 256

struct client_note {
	struct addr addr;
	bool allowed, exempt; /* by allow-from; from rate-limit */
	uint32_t epoch;       /* of the snapshot; 0: nobody's note */
	int row;              /* in the roster of this number; -1: in none */
	uint64_t roster_number;
};

/* What the stage of the names says to a name, its type and a set of tags: a line of memory. */
struct name_note {
	_Alignas(64) uint64_t hash; /* keyed, of all three */
	uint64_t
		lists; /* those that hold the name: this word of their set; what needs two is not noted */
	uint32_t epoch;
	uint8_t word;
	bool ended;
	bool elsewhere;        /* nothing in the house has the name: the default group is asked */
	uint8_t told;          /* bytes of its sentence, which stands in its place; 0: none does */
	bool wanted;           /* it was asked for before */
	struct list_sole sole; /* as in struct finish */
	struct verdict verdict;
};

struct memo {
	struct client_note clients[MEMO_CLIENTS];
	struct name_note names[MEMO_SETS][MEMO_WAYS];
	uint8_t newest[MEMO_SETS]; /* of a set's places */
	char sentences[MEMO_SETS * MEMO_WAYS]
				  [MEMO_SENTENCE_MAX]; /* pages that nobody needs are never touched */
};

/* Without notes; NULL without memory. */
struct memo *memo_new(void);
void memo_free(struct memo **memo); /* NULL is allowed */

/* The client's note, good for this snapshot (its row: memo_identify). */
struct client_note *memo_client(struct memo *memo, const struct snapshot *snapshot,
                                const struct addr *addr);

/* These are going to ask (as sockets name them): notes of all are made at once, so that memory is waited for once. In a house that is no
 * crowd nothing is done: what is known of all is in the cache. */
void memo_expect(struct memo *memo, const struct snapshot *snapshot,
                 const struct sockaddr_storage *clients, size_t count);

/* roster_identify for a client that speaks for itself; the note is that of its address. */
bool memo_identify(struct client_note *note, const struct snapshot *snapshot,
                   const struct asker *asker, int64_t wall_us, struct device *device);

/* The query's name is hashed, and it is known who asks: its note, if there is one, is fetched from memory. */
void memo_prepare(const struct memo *memo, struct query *query);

/* These queries are going to be decided: for those without a note, what the lists will read is fetched for all at once. */
void memo_expect_lists(struct memo *memo, struct query *const queries[], size_t count);

/* The stage of the names: fills `finish` (lists, verdict, note) and returns whether the way ends there. */
bool memo_decide_names(struct query *query, const struct policy_question *question,
                       const struct list_asked *asked, struct finish *finish);

/* The sentence to a verdict of this note (finish.note), with its length, or NULL: it was not kept yet. It is kept when the note is asked for it a second
 * time: of names that push each other out of the notes none ever is, and would only be written to memory that no cache holds. */
const char *memo_sentence(const struct memo *memo, const struct name_note *note, size_t *length);
void memo_keep_sentence(struct memo *memo, struct name_note *note, const char *sentence,
                        size_t length);

#endif
