/* The index of dispatch.h: a bitmap of rules for each list, and for each name a row of rules, found by a keyed hash of
 * the name. Two names with one hash cost a look too many and nothing else. */
#include "policy/dispatch.h"

#include <stdlib.h>
#include <string.h>

#define NO_ROW UINT16_MAX
#define FILTER_WORDS 4 /* 256 bits: for few names, as people write into rules */

/* One name that a rule asks for. */
struct wanted {
	uint64_t hash;
	uint16_t place;
};

struct slot {
	uint64_t hash;
	uint32_t first, count; /* in `wanted`; count 0: the slot is empty */
};

struct dispatch {
	size_t words;
	uint64_t always[DISPATCH_WORDS_MAX];
	/* lists */
	struct list_set lists;
	uint16_t row_of_list[LIST_MAX];
	uint64_t *rows; /* `words` for each */
	/* names */
	struct hash_key key;
	uint64_t lengths[(NAME_LABELS_MAX + 64) / 64]; /* bit n: there is a name of n labels */
	uint64_t filter[FILTER_WORDS];                 /* bit n: there is a name with filter_bit n */
	size_t wanted_count, slot_mask;
	struct wanted *wanted; /* by hash, then by place */
	struct slot *slots;
};

static void set_bit(uint64_t *words, size_t bit)
{
	words[bit / 64] |= (uint64_t)1 << bit % 64;
}

static uint64_t hash_name(const struct dispatch *dispatch, const uint8_t *wire, size_t length)
{
	return hash_bytes(dispatch->key, wire, length);
}

/* Tells most names that no rule asks for without a hash: of the length, and of how the name begins. Whoever chooses names that it lets
 * through pays what all had paid without it. */
static unsigned filter_bit(const uint8_t *wire, size_t length)
{
	uint32_t first = wire[0] ? wire[1] : 0;
	return (uint32_t)(length | (uint32_t)wire[0] << 8 | first << 16) * 0x9e3779b1u >> 24;
}

/* ---- building ---------------------------------------------------------------------------- */

enum entrance { ALWAYS, BY_NAME, BY_LIST };

/* By what can a query find the rule? */
static enum entrance entrance_of(const struct rule *rule)
{
	if (rule->names.count && !rule->names.regexes)
		return BY_NAME;
	return rule->lists_given ? BY_LIST : ALWAYS;
}

static int by_hash(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static void want_names(struct dispatch *dispatch, const struct rule *rule, size_t place)
{
	for (size_t i = 0; i < rule->names.count; i++) {
		const struct dns_name *name = &rule->names.list[i].name;
		dispatch->wanted[dispatch->wanted_count++] =
			(struct wanted){hash_name(dispatch, name->wire, name->length), (uint16_t)place};
		set_bit(dispatch->lengths, name->labels);
		set_bit(dispatch->filter, filter_bit(name->wire, name->length));
	}
}

static bool build_slots(struct dispatch *dispatch)
{
	size_t size = 8;
	while (size < dispatch->wanted_count * 2)
		size *= 2;
	dispatch->slots = calloc(size, sizeof *dispatch->slots);
	dispatch->slot_mask = size - 1;
	if (!dispatch->slots)
		return false;
	qsort(dispatch->wanted, dispatch->wanted_count, sizeof *dispatch->wanted, by_hash);
	for (size_t i = 0, next; i < dispatch->wanted_count; i = next) {
		uint64_t hash = dispatch->wanted[i].hash;
		for (next = i + 1; next < dispatch->wanted_count && dispatch->wanted[next].hash == hash;)
			next++;
		size_t at = hash & dispatch->slot_mask;
		while (dispatch->slots[at].count)
			at = (at + 1) & dispatch->slot_mask;
		dispatch->slots[at] = (struct slot){hash, (uint32_t)i, (uint32_t)(next - i)};
	}
	return true;
}

static bool build_lists(struct dispatch *dispatch)
{
	size_t rows = 0;
	for (size_t i = 0; i < LIST_MAX; i++)
		dispatch->row_of_list[i] = list_set_has(&dispatch->lists, i) ? (uint16_t)rows++ : NO_ROW;
	dispatch->rows = calloc(rows ? rows * dispatch->words : 1, sizeof *dispatch->rows);
	return dispatch->rows;
}

static void want_lists(struct dispatch *dispatch, const struct rule *rule, size_t place)
{
	for (size_t i = 0; i < LIST_MAX; i++)
		if (list_set_has(&rule->lists, i))
			set_bit(dispatch->rows + dispatch->row_of_list[i] * dispatch->words, place);
}

struct dispatch *dispatch_new(const struct rule *const *rules, size_t count)
{
	struct dispatch *dispatch = calloc(1, sizeof *dispatch);
	size_t names = 0;
	if (!dispatch)
		return NULL;
	dispatch->key = hash_key_random();
	dispatch->words = (count + 63) / 64;
	for (size_t i = 0; i < count; i++) {
		enum entrance entrance = entrance_of(rules[i]);
		names += entrance == BY_NAME ? rules[i]->names.count : 0;
		for (size_t word = 0; entrance == BY_LIST && word < PF_COUNT(dispatch->lists.words); word++)
			dispatch->lists.words[word] |= rules[i]->lists.words[word];
	}
	dispatch->wanted = calloc(names ? names : 1, sizeof *dispatch->wanted);
	if (!dispatch->wanted || !build_lists(dispatch)) {
		dispatch_free(&dispatch);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		switch (entrance_of(rules[i])) {
		case ALWAYS: set_bit(dispatch->always, i); break;
		case BY_NAME: want_names(dispatch, rules[i], i); break;
		case BY_LIST: want_lists(dispatch, rules[i], i); break;
		}
	}
	if (!build_slots(dispatch))
		dispatch_free(&dispatch);
	return dispatch;
}

void dispatch_free(struct dispatch **dispatch)
{
	if (!*dispatch)
		return;
	free((*dispatch)->rows);
	free((*dispatch)->wanted);
	free((*dispatch)->slots);
	free(*dispatch);
	*dispatch = NULL;
}

/* ---- asking ------------------------------------------------------------------------------ */

static void find_name(const struct dispatch *dispatch, const uint8_t *wire, size_t length,
                      uint64_t *places)
{
	unsigned bit = filter_bit(wire, length);
	if (!(dispatch->filter[bit / 64] >> bit % 64 & 1))
		return;
	uint64_t hash = hash_name(dispatch, wire, length);
	for (size_t at = hash & dispatch->slot_mask; dispatch->slots[at].count;
	     at = (at + 1) & dispatch->slot_mask) {
		const struct slot *slot = &dispatch->slots[at];
		if (slot->hash != hash)
			continue;
		for (uint32_t i = 0; i < slot->count; i++)
			set_bit(places, dispatch->wanted[slot->first + i].place);
		return;
	}
}

/* The name itself and what it is below of, as far as there are names of so many labels. */
static void find_names(const struct dispatch *dispatch, const struct dns_name *name,
                       uint64_t *places)
{
	size_t at = 0;
	for (unsigned labels = name->labels;; labels--) {
		if (dispatch->lengths[labels / 64] >> labels % 64 & 1)
			find_name(dispatch, name->wire + at, name->length - at, places);
		if (!labels)
			return;
		at += name->wire[at] + 1u;
	}
}

static void find_lists(const struct dispatch *dispatch, const struct list_set *lists,
                       uint64_t *places)
{
	struct list_set common;
	list_set_common(&dispatch->lists, lists, &common);
	for (size_t word = 0; word < PF_COUNT(common.words); word++) {
		for (uint64_t left = common.words[word]; left; left &= left - 1) {
			size_t list = word * 64 + (size_t)__builtin_ctzll(left);
			const uint64_t *row = dispatch->rows + dispatch->row_of_list[list] * dispatch->words;
			for (size_t i = 0; i < dispatch->words; i++)
				places[i] |= row[i];
		}
	}
}

size_t dispatch_find(const struct dispatch *dispatch, const struct dns_name *name,
                     const struct list_set *lists, uint64_t places[DISPATCH_WORDS_MAX])
{
	memcpy(places, dispatch->always, dispatch->words * sizeof *places);
	if (dispatch->wanted_count)
		find_names(dispatch, name, places);
	find_lists(dispatch, lists, places);
	return dispatch->words;
}
