/* The notes of memo.h. */
#include "pipeline/memo.h"

#include <string.h>

#include "base/pages.h"

struct memo *memo_new(void)
{
	return pages_new(sizeof(struct memo));
}

void memo_free(struct memo **memo)
{
	if (*memo)
		pages_free(*memo, sizeof **memo);
	*memo = NULL;
}

/* ---- clients ----------------------------------------------------------------------------- */

struct client_note *memo_client(struct memo *memo, const struct snapshot *snapshot,
                                const struct addr *addr)
{
	const struct config *config = snapshot->config;
	uint64_t halves[2];
	memcpy(halves, addr->bytes, sizeof halves);
	uint64_t mixed = (halves[0] ^ halves[1] * 0xc2b2ae3d27d4eb4fu) * 0x9e3779b97f4a7c15u;
	struct client_note *note = &memo->clients[mixed >> 32 & (MEMO_CLIENTS - 1)];
	if (note->epoch == snapshot->epoch && addr_equal(&note->addr, addr))
		return note;
	*note = (struct client_note){
		.addr = *addr,
		.allowed = any_prefix_contains(config->allow, config->allow_count, addr),
		.exempt = limiter_exempts(&config->rate_limit, addr),
		.epoch = snapshot->epoch,
		.row = -1,
	};
	return note;
}

void memo_expect(struct memo *memo, const struct snapshot *snapshot,
                 const struct sockaddr_storage *clients, size_t count)
{
	const struct roster *roster = rcu_dereference(snapshot->roster);
	struct client_note *notes[ROSTER_BATCH_MAX];
	struct addr asked[ROSTER_BATCH_MAX];
	int rows[ROSTER_BATCH_MAX];
	size_t asked_count = 0;
	if (roster_is_small(roster))
		return;
	for (size_t i = 0; i < count && i < ROSTER_BATCH_MAX; i++) {
		struct addr_port client;
		if (addr_from_sockaddr((const struct sockaddr *)&clients[i], &client) != PF_OK)
			continue;
		struct client_note *note = memo_client(memo, snapshot, &client.addr);
		if (note->roster_number == roster->number && note->row >= 0) {
			roster_fetch(roster, (uint32_t)note->row);
			continue;
		}
		asked[asked_count] = client.addr;
		notes[asked_count++] = note;
	}
	roster_rows(roster, asked, asked_count, rows);
	for (size_t i = 0; i < asked_count; i++)
		if (rows[i] >= 0 &&
		    addr_equal(&notes[i]->addr, &asked[i])) { /* else pushed out meanwhile */
			notes[i]->row = rows[i];
			notes[i]->roster_number = roster->number;
		}
}

bool memo_identify(struct client_note *note, const struct snapshot *snapshot,
                   const struct asker *asker, int64_t wall_us, struct device *device)
{
	const struct roster *roster = rcu_dereference(snapshot->roster);
	/* Of whom nobody knows yet, the device that it will be is made up each time: it is too much to keep. */
	if (note->roster_number != roster->number || note->row < 0) {
		note->row = roster_row(roster, snapshot->registry, asker, device);
		note->roster_number = roster->number;
	}
	if (note->row < 0)
		return false;
	roster_take(roster, (uint32_t)note->row, wall_us, device);
	return true;
}

/* ---- names ------------------------------------------------------------------------------- */

static inline size_t set_of_hash(uint64_t hash)
{
	return hash >> 48 & (MEMO_SETS - 1);
}

void memo_prepare(const struct memo *memo, struct query *query)
{
	uint64_t hash = query->ask.name_hash ^ query->device.tags * 0x9e3779b97f4a7c15u;
	hash ^= (uint64_t)query->dns.type * 0xc2b2ae3d27d4eb4fu;
	query->tails.count = 0;
	query->note_hash = (hash ^ hash >> 29) * 0xff51afd7ed558ccdu;
	const struct name_note *set = memo->names[set_of_hash(query->note_hash)];
	for (size_t way = 0; way < MEMO_WAYS; way++)
		__builtin_prefetch(&set[way]);
}

/* The note of this query; NULL: there is none of its snapshot. */
static struct name_note *find_name(struct memo *memo, const struct query *query)
{
	struct name_note *set = memo->names[set_of_hash(query->note_hash)];
	for (size_t i = 0; i < MEMO_WAYS; i++)
		if (set[i].hash == query->note_hash && set[i].epoch == query->snapshot->epoch)
			return &set[i];
	return NULL;
}

void memo_expect_lists(struct memo *memo, struct query *const queries[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!find_name(memo, queries[i]))
			lists_expect(queries[i]->snapshot->lists, &queries[i]->dns.name, &queries[i]->tails);
}

/* Which word of the set all lists stand in; -1: they stand in several. */
static int only_word(const struct list_set *lists)
{
	int word = 0, words = 0;
	for (int i = 0; i < (int)PF_COUNT(lists->words); i++) {
		word = lists->words[i] ? i : word;
		words += lists->words[i] != 0;
	}
	return words > 1 ? -1 : word;
}

static void note_name(struct memo *memo, uint64_t hash, bool ended, struct finish *finish)
{
	_Static_assert(MEMO_WAYS == 2, "who comes takes the place that the newest does not have");
	_Static_assert(sizeof(struct name_note) == 64, "waited for once");
	int word = only_word(&finish->lists);
	if (word < 0)
		return;
	size_t set = set_of_hash(hash);
	uint8_t place = memo->newest[set] ^= 1;
	memo->names[set][place] = (struct name_note){.hash = hash,
	                                             .epoch = finish->snapshot->epoch,
	                                             .ended = ended,
	                                             .word = (uint8_t)word,
	                                             .sole = finish->sole,
	                                             .verdict = finish->verdict,
	                                             .lists = finish->lists.words[word]};
	finish->note = &memo->names[set][place];
}

bool memo_decide_names(struct query *query, const struct policy_question *question,
                       const struct list_asked *asked, struct finish *finish)
{
	struct pipeline *pipeline = query->pipeline;
	const struct snapshot *snapshot = finish->snapshot;
	bool plain = !query->explained && !question->paused;
	struct name_note *note = plain ? find_name(pipeline->memo, query) : NULL;
	if (note) {
		finish->lists.words[note->word] = note->lists;
		finish->sole = note->sole;
		finish->verdict = note->verdict;
		finish->note = note;
		return note->ended;
	}
	if (query->explained || policy_needs_lists(snapshot->policy, pipeline->scratch, question->tags))
		plain &= lists_match_expected(snapshot->lists, pipeline->list_scratch, asked, &query->tails,
		                              &finish->lists, &finish->sole);
	bool ended =
		policy_decide_names(snapshot->policy, pipeline->scratch, question, &finish->verdict);
	if (plain && !policy_looks_at_clock(snapshot->policy, pipeline->scratch, question->tags))
		note_name(pipeline->memo, query->note_hash, ended, finish);
	return ended;
}

/* ---- sentences --------------------------------------------------------------------------- */

static size_t place_of(const struct memo *memo, const struct name_note *note)
{
	return (size_t)(note - memo->names[0]);
}

const char *memo_sentence(const struct memo *memo, const struct name_note *note, size_t *length)
{
	*length = note->told;
	return note->told ? memo->sentences[place_of(memo, note)] : NULL;
}

void memo_keep_sentence(struct memo *memo, struct name_note *note, const char *sentence,
                        size_t length)
{
	if (note->wanted && length < MEMO_SENTENCE_MAX) {
		memcpy(memo->sentences[place_of(memo, note)], sentence, length + 1);
		note->told = (uint8_t)length;
	}
	note->wanted = true;
}
