/* The groups of groups.h: each is kept once, found by the hash of its entries. */
#include "lists/groups.h"

#include <stdlib.h>
#include <string.h>

/* From so many plain entries on the bitmaps, which take 129 words, are both faster to read and no loss. */
#define BITMAPS_FROM 24
#define CHAIN_COUNT_MIN 256
/* The last steps from group to group, of which a list needs as many as its names were in groups before. */
#define STEP_COUNT 1024

struct group {
	uint32_t references; /* names that are in it */
	uint32_t
		stamp; /* no two groups have the same, so that a step to a forgotten one is known as such */
	uint32_t hash;
	uint32_t next; /* in its chain; of a free number: the next free one */
	uint32_t count;
	struct list_entry entries[]; /* sorted by list, exception and detail */
};

struct step {
	uint32_t from, from_stamp, to, to_stamp;
	struct list_entry entry;
};

struct groups {
	struct group **groups; /* by number; NULL: free */
	size_t number_end, number_room;
	uint32_t free_number; /* 0: none */
	uint32_t *free_next;  /* by number */
	uint32_t *chains;     /* by hash; 0: empty */
	size_t chain_count, live_count;
	size_t live_units; /* that those who live take when they are packed */
	uint32_t stamp;
	struct hash_key key;
	struct group *draft; /* room for one group of draft_room entries */
	size_t draft_room;
	struct step steps[STEP_COUNT];
};

struct groups *groups_new(void)
{
	struct groups *groups = calloc(1, sizeof *groups);
	if (!groups)
		return NULL;
	groups->chains = calloc(CHAIN_COUNT_MIN, sizeof *groups->chains);
	groups->chain_count = CHAIN_COUNT_MIN;
	groups->number_end = 1;
	groups->key = hash_key_random();
	if (!groups->chains)
		groups_free(&groups);
	return groups;
}

void groups_free(struct groups **out)
{
	struct groups *groups = *out;
	if (!groups)
		return;
	for (size_t i = 1; groups->groups && i < groups->number_end; i++)
		free(groups->groups[i]);
	free(groups->groups);
	free(groups->free_next);
	free(groups->chains);
	free(groups->draft);
	free(groups);
	*out = NULL;
}

static uint32_t stamp_of(const struct groups *groups, uint32_t number)
{
	return number && groups->groups[number] ? groups->groups[number]->stamp : 0;
}

static bool same_entry(const struct list_entry *a, const struct list_entry *b)
{
	return a->list == b->list && a->covers == b->covers && a->detail == b->detail;
}

static struct step *step_of(struct groups *groups, uint32_t from, const struct list_entry *entry)
{
	uint32_t mix = from * 0x9e3779b1u ^ entry->detail * 0x85ebca6bu ^
	               ((uint32_t)entry->list << 8 | entry->covers) * 0xc2b2ae35u;
	return &groups->steps[(mix ^ mix >> 16) % STEP_COUNT];
}

/* Below 0, 0 or above 0, as `a` stands before, with or behind `b`. */
static int compare(const struct list_entry *a, const struct list_entry *b)
{
	int exception = (a->covers & LIST_EXCEPTION) - (b->covers & LIST_EXCEPTION);
	if (a->list != b->list)
		return a->list < b->list ? -1 : 1;
	if (exception)
		return exception;
	return (a->detail > b->detail) - (a->detail < b->detail);
}

/* The entries of `from` and one more, in groups->draft. */
static int draft(struct groups *groups, const struct group *from, const struct list_entry *entry)
{
	size_t count = from ? from->count : 0, at = 0;
	if (count + 1 > groups->draft_room) {
		size_t room = (count + 1) * 2;
		free(groups->draft);
		groups->draft_room = 0;
		groups->draft = malloc(sizeof *groups->draft + room * sizeof *entry);
		if (!groups->draft)
			return PF_ENOMEM;
		groups->draft_room = room;
	}
	struct list_entry *entries = groups->draft->entries;
	while (at < count && compare(&from->entries[at], entry) < 0)
		at++;
	bool widens = at < count && !compare(&from->entries[at], entry);
	if (widens && (from->entries[at].covers & entry->covers) == entry->covers)
		return PF_ECONFLICT;
	groups->draft->count = (uint32_t)(count + !widens);
	if (count)
		memcpy(entries, from->entries, at * sizeof *entries);
	if (count)
		memcpy(entries + at + 1, from->entries + at + widens,
		       (count - at - widens) * sizeof *entries);
	memset(&entries[at], 0, sizeof *entries); /* the padding is hashed and compared too */
	entries[at].list = entry->list;
	entries[at].detail = entry->detail;
	entries[at].covers = entry->covers | (widens ? from->entries[at].covers : 0);
	return PF_OK;
}

static int grow_chains(struct groups *groups)
{
	size_t chain_count = groups->chain_count * 2;
	uint32_t *chains = calloc(chain_count, sizeof *chains);
	if (!chains)
		return PF_ENOMEM;
	for (uint32_t i = 1; i < groups->number_end; i++) {
		struct group *group = groups->groups[i];
		if (!group)
			continue;
		group->next = chains[group->hash % chain_count];
		chains[group->hash % chain_count] = i;
	}
	free(groups->chains);
	groups->chains = chains;
	groups->chain_count = chain_count;
	return PF_OK;
}

/* A number that no group has; 0 without memory. The caller checked GROUPS_MAX. */
static uint32_t take_number(struct groups *groups)
{
	uint32_t number = groups->free_number;
	if (number) {
		groups->free_number = groups->free_next[number];
		return number;
	}
	if (groups->number_end >= groups->number_room) {
		size_t room = groups->number_room ? groups->number_room * 2 : 64;
		struct group **grown = realloc(groups->groups, room * sizeof *grown);
		if (!grown)
			return 0;
		groups->groups = grown;
		uint32_t *next = realloc(groups->free_next, room * sizeof *next);
		if (!next)
			return 0;
		groups->free_next = next;
		groups->number_room = room;
	}
	return (uint32_t)groups->number_end++;
}

static void give_number(struct groups *groups, uint32_t number)
{
	groups->groups[number] = NULL;
	groups->free_next[number] = groups->free_number;
	groups->free_number = number;
}

static size_t count_plain(const struct group *group)
{
	size_t count = 0;
	for (size_t i = 0; i < group->count; i++)
		count += !group->entries[i].detail;
	return count;
}

static size_t count_units(const struct group *group)
{
	size_t plain = count_plain(group), words = (group->count - plain) * 2;
	words += plain < BITMAPS_FROM ? plain : 1 + BITMAP_COUNT * GROUP_BITMAP_WORDS;
	return (words + GROUP_UNIT_WORDS - 1) / GROUP_UNIT_WORDS;
}

/* The group with the entries of the draft, a new one when there is none. */
static int intern(struct groups *groups, uint32_t *to)
{
	struct group *wanted = groups->draft;
	size_t bytes = wanted->count * sizeof *wanted->entries;
	uint32_t hash = (uint32_t)hash_bytes(groups->key, wanted->entries, bytes);
	for (uint32_t i = groups->chains[hash % groups->chain_count]; i; i = groups->groups[i]->next) {
		const struct group *group = groups->groups[i];
		if (group->hash == hash && group->count == wanted->count &&
		    !memcmp(group->entries, wanted->entries, bytes)) {
			*to = i;
			return PF_OK;
		}
	}
	size_t units = count_units(wanted);
	if (groups->live_units + units > GROUPS_MAX)
		return PF_EFULL;
	if (groups->live_count >= groups->chain_count && grow_chains(groups) != PF_OK)
		return PF_ENOMEM;
	struct group *group = malloc(sizeof *group + bytes);
	uint32_t number = group ? take_number(groups) : 0;
	if (!number) {
		free(group);
		return PF_ENOMEM;
	}
	memcpy(group->entries, wanted->entries, bytes);
	group->count = wanted->count;
	group->references = 0;
	group->stamp = ++groups->stamp;
	group->hash = hash;
	group->next = groups->chains[hash % groups->chain_count];
	groups->chains[hash % groups->chain_count] = number;
	groups->groups[number] = group;
	groups->live_count++;
	groups->live_units += units;
	*to = number;
	return PF_OK;
}

int groups_with(struct groups *groups, uint32_t from, const struct list_entry *entry, uint32_t *to)
{
	struct step *step = step_of(groups, from, entry);
	if (step->to && step->from == from && same_entry(&step->entry, entry) &&
	    step->from_stamp == stamp_of(groups, from) &&
	    step->to_stamp == stamp_of(groups, step->to)) {
		*to = step->to;
		return step->to == from ? PF_ECONFLICT : PF_OK;
	}
	int error = draft(groups, from ? groups->groups[from] : NULL, entry);
	if (error == PF_ECONFLICT)
		*to = from;
	else if (error == PF_OK)
		error = intern(groups, to);
	if (error == PF_OK || error == PF_ECONFLICT)
		*step = (struct step){from, stamp_of(groups, from), *to, stamp_of(groups, *to), *entry};
	return error;
}

static void forget(struct groups *groups, uint32_t number)
{
	struct group *group = groups->groups[number];
	uint32_t *link = &groups->chains[group->hash % groups->chain_count];
	while (*link != number)
		link = &groups->groups[*link]->next;
	*link = group->next;
	groups->live_units -= count_units(group);
	free(group);
	groups->live_count--;
	give_number(groups, number);
}

void groups_move(struct groups *groups, uint32_t from, uint32_t to)
{
	groups->groups[to]->references++;
	if (from && !--groups->groups[from]->references)
		forget(groups, from);
}

/* ---- packing ----------------------------------------------------------------------------- */

/* A group without a name stays when its name could not be added; nobody needs it. */
static bool is_live(const struct groups *groups, size_t number)
{
	return groups->groups[number] && groups->groups[number]->references;
}

struct groups_size groups_measure(const struct groups *groups)
{
	struct groups_size size = {.word_count = GROUP_UNIT_WORDS}; /* of the group 0 */
	for (size_t i = 1; i < groups->number_end; i++) {
		if (!is_live(groups, i))
			continue;
		size.group_count++;
		size.name_count += groups->groups[i]->references;
		size.word_count += count_units(groups->groups[i]) * GROUP_UNIT_WORDS;
	}
	return size;
}

size_t groups_number_end(const struct groups *groups)
{
	return groups->number_end;
}

static void mark(uint32_t *bitmaps, const struct list_entry *entry)
{
	size_t first = entry->covers & LIST_EXCEPTION ? BITMAP_SELF_EXCEPTED : BITMAP_SELF;
	uint32_t bit = 1u << entry->list % 32;
	uint32_t *self = bitmaps + first * GROUP_BITMAP_WORDS + entry->list / 32;
	if (entry->covers & LIST_COVERS_SELF)
		*self |= bit;
	if (entry->covers & LIST_COVERS_BELOW)
		self[GROUP_BITMAP_WORDS] |= bit;
}

/* The words behind the group's are zeroed. */
static void pack_group(const struct group *group, uint32_t *words)
{
	uint32_t *bitmaps = NULL, *last = words;
	if (count_plain(group) >= BITMAPS_FROM) {
		*words++ = GROUP_BITMAPS;
		bitmaps = words;
		words += BITMAP_COUNT * GROUP_BITMAP_WORDS;
	}
	for (size_t i = 0; i < group->count; i++) {
		const struct list_entry *entry = &group->entries[i];
		if (bitmaps && !entry->detail) {
			mark(bitmaps, entry);
			continue;
		}
		last = words;
		*words++ = entry->list | (uint32_t)entry->covers << 16 |
		           (entry->detail ? GROUP_DETAIL_FOLLOWS : 0);
		if (entry->detail)
			*words++ = entry->detail;
	}
	*last |= GROUP_LAST;
}

static bool is_rare(const struct group *group, const struct groups_size *size)
{
	return (uint64_t)group->references * size->group_count < size->name_count;
}

void groups_pack(const struct groups *groups, const struct groups_size *size, uint32_t *words,
                 uint32_t *numbers)
{
	uint32_t unit = 1;
	memset(words, 0, size->word_count * sizeof *words);
	*words = GROUP_LAST;
	for (int rare = 0; rare < 2; rare++)
		for (size_t i = 1; i < groups->number_end; i++) {
			if (!is_live(groups, i) || is_rare(groups->groups[i], size) != rare)
				continue;
			numbers[i] = unit;
			pack_group(groups->groups[i], words + (size_t)unit * GROUP_UNIT_WORDS);
			unit += (uint32_t)count_units(groups->groups[i]);
		}
}
